import io.alidade.example.Text;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.TextGenerator;
import io.alidade.model.Sampling;
import java.util.List;

/// Text from a model: java -cp target/alidade.jar examples/Generate.java MODEL PROMPT
void main(String... args) {
  try (var model = LanguageModel.open(args[0])) {
    var sampling = new Sampling(64, 0.8, 0, 0.95, 0, 1, 7); // temperature, top-k, top-p, min-p, …
    var generator = new TextGenerator(model, sampling, List.of("\n\n"));
    var answer = generator.generate(new Text.Plain(args[1]), (_, piece) -> IO.print(piece));
    IO.println();
    IO.println("%d tokens, %.2f nats".formatted(answer.tokens().length, -answer.logp()));
  }
}
