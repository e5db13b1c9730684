import io.alidade.journal.Console;
import io.alidade.recipe.Plan;
import io.alidade.run.TrainingRun;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;

/// Tunes a checkpoint with DPO: `java -cp target/alidade.jar examples/Train.java MODEL DATA OUT`.
public class Train {
  public static void main(String[] args) {
    var settings = new LinkedHashMap<String, String>();
    settings.put("model", args[0]);
    settings.put("data", args[1]);
    settings.put("max_steps", "20");
    settings.put("objective.Dpo.beta", "0.2");
    var plan = Plan.load("dpo", "tiny", settings);
    try (var console = Console.standard()) {
      var model =
          TrainingRun.run(plan, Path.of(args[2]), false, Path.of("cache"), console, List.of());
      System.out.println("the tuned model is in " + model);
    }
  }
}
