package io.alidade.world;

import io.alidade.batch.Batch;
import io.alidade.batch.Readout;
import io.alidade.model.Scoring;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// What a policy over finitely many answers says of a batch. A prompt is known by its first token;
/// each token of a candidate is an answer, scored for itself whatever stands before it, so that a
/// candidate of one token is an answer and one of several is a list of answers.
final class FiniteScoring implements Scoring {
  private final Map<Readout, Tensor> graphs = new EnumMap<>(Readout.class); // with a graph
  private final Map<Readout, Tensor> outputs = new EnumMap<>(Readout.class);

  /// @param logits from numbers of prompts `[P]` to logits of their answers, `[P, A]`
  FiniteScoring(
      Batch batch, Set<Readout> readouts, boolean differentiable, Function<int[], Tensor> logits) {
    int units = batch.units();
    var places = new LinkedHashMap<Integer, Integer>(); // each prompt is computed once
    var rows = new int[batch.candidates()];
    var answers = new int[batch.candidates() * units];
    var last = new int[batch.candidates()];
    int at = 0;
    for (var group : batch.groups()) {
      var place = places.computeIfAbsent(group.prompt()[0], _ -> places.size());
      for (var candidate : group.candidates()) {
        var tokens = candidate.tokens();
        System.arraycopy(tokens, 0, answers, at * units, tokens.length);
        last[at] = tokens[tokens.length - 1];
        rows[at++] = place;
      }
    }
    var prompts = places.keySet().stream().mapToInt(p -> p).toArray();
    var all = new Tensors(rows, Ops.indices(answers).view(rows.length, units), Ops.indices(last));
    if (differentiable) {
      Grad.on(() -> fill(readouts, all, logits.apply(prompts)));
    } else {
      Grad.off(() -> fill(readouts, all, logits.apply(prompts)));
    }
    var mask = Ops.doubles(batch.mask(), rows.length, units);
    graphs.forEach((readout, graph) -> {
      var plain = graph.detach();
      outputs.put(readout, readout == Readout.REWARD ? plain : plain.mul(mask));
    });
  }

  /// @param rows place of the prompt of each candidate
  /// @param answers `[N, U]`
  /// @param last `[N]`, the last answer of each candidate
  private record Tensors(int[] rows, Tensor answers, Tensor last) {}

  private Map<Readout, Tensor> fill(Set<Readout> readouts, Tensors of, Tensor table) {
    var logits = table.index_select(0, Ops.indices(of.rows)); // [N, A]
    var log = logits.log_softmax(1); // [N, A]
    for (var readout : readouts) {
      graphs.put(
          readout,
          switch (readout) {
            case LOG_LIKELIHOOD -> log.gather(1, of.answers);
            case ENTROPY -> spread(log.exp().mul(log).sum(1).neg(), of);
            case COLLISION -> spread(Ops.times(log, 2).logsumexp(1), of);
            case LOG_NORMALIZER -> spread(logits.logsumexp(1), of);
            case MEAN_LOGIT -> spread(logits.mean(1), of);
            case TOP_ONE ->
                log.argmax(new LongOptional(1), false)
                    .unsqueeze(1)
                    .eq(of.answers)
                    .to(torch.ScalarType.Double);
            case REWARD -> logits.gather(1, of.last.unsqueeze(1)); // [N, 1]
            case VALUE, LIKELIEST, LIKELIEST_UNITS, HIDDEN, RIVAL, DIVERGENCE, PROMPT ->
                throw new IllegalStateException("no readout " + readout);
          });
    }
    return graphs;
  }

  private static Tensor spread(Tensor perCandidate, Tensors of) {
    return perCandidate.unsqueeze(1).expand_as(of.answers);
  }

  @Override
  public Map<Readout, Tensor> outputs() {
    return outputs;
  }

  @Override
  public void backward(Map<Readout, Tensor> gradients) {
    var to = new ArrayList<Tensor>();
    var by = new ArrayList<Tensor>();
    gradients.forEach((readout, gradient) -> {
      var graph = graphs.get(readout);
      if (graph == null || !graph.requires_grad()) {
        throw new IllegalStateException("no gradient goes through " + readout);
      }
      to.add(graph);
      by.add(gradient);
    });
    Grad.backward(List.copyOf(to), List.copyOf(by));
  }
}
