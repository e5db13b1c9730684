import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.evaluation.RowScores;
import io.alidade.generation.LanguageModel;
import java.util.Optional;

/// Log-likelihoods of a file of preferences: java -cp target/alidade.jar examples/Score.java MODEL FILE
void main(String... args) {
  try (var model = LanguageModel.open(args[0]);
      var rows = Rows.open(args[1], "train")) {
    var encoder = new RowEncoder(model.tokenizer(), Encoding.unlimited(Layout.of(rows.form())));
    var scores = new RowScores(model.policy(), false, Optional.empty(), 0.1, false, 8);
    var summary = scores.of(rows, encoder, row -> IO.println(row));
    summary
        .likelihoods()
        .ifPresent(p -> IO.println("the chosen one is likelier in %.1f %%".formatted(100 * p.accuracy())));
  }
}
