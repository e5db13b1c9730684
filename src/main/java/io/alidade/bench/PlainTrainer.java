package io.alidade.bench;

import static org.bytedeco.pytorch.global.torch.log_sigmoid;

import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.tensor.Fused;
import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A model in training as [PlainStep] says: the loss, its gradient and the update.
final class PlainTrainer implements AutoCloseable {
  private static final double BETA = 0.1;
  private static final int CHUNK = 128; // positions whose entropy is computed at once, as in TRL

  /// Metrics of a step that are read off logits.
  ///
  /// @param entropy nats, mean over completions
  /// @param chosenLogits mean over the tokens of the best completions and the vocabulary
  /// @param otherLogits the same over the other completions
  /// @param accuracy share of the best completions' tokens that are likeliest
  record Metrics(double entropy, double chosenLogits, double otherLogits, double accuracy) {}

  /// A step's result.
  record Outcome(double loss, Optional<Metrics> metrics) {}

  private record Slot(Tensor weight, Owned first, Owned second) {}

  private final PlainLlama llama;
  private final PlainStep.Form form;
  private final double rate;
  private final List<Slot> slots = new ArrayList<>();
  private final List<double[]> reference = new ArrayList<>(); // nats, a candidate of each group
  private List<Group> groups = List.of();
  private long done;

  /// @param llama is closed with this
  PlainTrainer(PlainLlama llama, PlainStep.Form form, double rate) {
    this.llama = llama;
    this.form = form;
    this.rate = rate;
    try (var _ = new Step()) {
      for (var weight : llama.trainable().values()) {
        slots.add(
            new Slot(
                weight,
                Owned.keep(torch.zeros_like(weight.detach())),
                Owned.keep(torch.zeros_like(weight.detach()))));
      }
    }
  }

  /// What is trained, by name.
  SequencedMap<String, Tensor> trainable() {
    return llama.trainable();
  }

  /// Computes the likelihoods of the reference, which is the model as it is.
  void reference(Groups all, int atOnce) {
    var known = new ArrayList<Group>();
    for (int i = 0; i < all.count(); i++) {
      known.add(all.group(i));
    }
    groups = List.copyOf(known);
    for (int from = 0; from < groups.size(); from += atOnce) {
      var part = groups.subList(from, Math.min(from + atOnce, groups.size()));
      try (var _ = new Step()) {
        var rows = PlainRows.of(part);
        var values = Grad.off(() -> Ops.toDoubles(likelihoods(rows, logits(rows))));
        for (int g = 0; g < part.size(); g++) {
          var own = new double[rows.candidates()];
          for (int k = 0; k < own.length; k++) {
            own[k] = values[k * part.size() + g];
          }
          reference.add(own);
        }
      }
    }
  }

  /// One step on groups by their numbers.
  Outcome step(List<Integer> numbers) {
    try (var _ = new Step()) {
      var rows = PlainRows.of(numbers.stream().map(groups::get).toList());
      var metrics = new ArrayList<Metrics>();
      // Handles would keep what the backward pass frees on its way, so all but one end here.
      var loss = Step.inner(() -> loss(numbers, rows, metrics));
      double value = Ops.number(loss);
      loss.backward();
      update();
      return new Outcome(value, metrics.stream().findFirst());
    }
  }

  private Tensor loss(List<Integer> numbers, PlainRows rows, List<Metrics> metrics) {
    var logits = logits(rows);
    var policy = likelihoods(rows, logits); // [K G], candidate by candidate
    int count = numbers.size();
    var frozen = new double[rows.candidates() * count];
    for (int g = 0; g < count; g++) {
      var own = reference.get(numbers.get(g));
      for (int k = 0; k < own.length; k++) {
        frozen[k * count + g] = own[k];
      }
    }
    var reward =
        Ops.times(policy.sub(Ops.doubles(frozen, frozen.length).to(llama.type())), BETA)
            .view(rows.candidates(), count);
    if (form == PlainStep.Form.PLAIN) {
      metrics.add(Grad.off(() -> metrics(rows, logits.detach())));
    }
    if (rows.candidates() == 2) {
      return log_sigmoid(reward.select(0, 0).sub(reward.select(0, 1))).neg().mean();
    }
    // Plackett-Luce: each is chosen among those that are left.
    return reward.flip(0).logcumsumexp(0).flip(0).sub(reward).sum(0).mean();
  }

  /// `[B, T, V]` at every position, or `[S, V]` where a completion's token is predicted.
  private Tensor logits(PlainRows rows) {
    var hidden = llama.hidden(rows.ids(), new PlainLlama.Nothing());
    return llama.logits(
        form == PlainStep.Form.PLAIN
            ? hidden
            : hidden.flatten(0, 1).index_select(0, rows.places()));
  }

  /// Sums of log-likelihoods of the completions, `[B]`: the logit less the log-sum-exp.
  private Tensor likelihoods(PlainRows rows, Tensor logits) {
    if (form == PlainStep.Form.LEAN) {
      var each = chosen(logits, rows.targets());
      return Ops.zeros(Ops.type(each), rows.count()).index_add(0, rows.owners(), each);
    }
    long length = rows.ids().size(1);
    var each = chosen(logits.narrow(1, 0, length - 1), rows.ids().narrow(1, 1, length - 1));
    return each.masked_fill(rows.outside(), Ops.scalar(0)).sum(1);
  }

  private static Tensor chosen(Tensor logits, Tensor targets) {
    return logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1).sub(logits.logsumexp(-1));
  }

  private static Metrics metrics(PlainRows rows, Tensor logits) {
    long length = logits.size(1) - 1;
    var scored = rows.outside().logical_not();
    double entropy = 0;
    double likeliest = 0;
    var sums = new double[2];
    var tokens = new double[2];
    for (int row = 0; row < rows.count(); row++) {
      try (var _ = new Step()) {
        var own = logits.select(0, row).narrow(0, 0, length);
        var mask = scored.select(0, row).to(Ops.type(own));
        for (long from = 0; from < length; from += CHUNK) {
          long count = Math.min(CHUNK, length - from);
          var each = own.narrow(0, from, count).log_softmax(1);
          var bits = each.exp().mul(each).sum(1).mul(mask.narrow(0, from, count));
          entropy -= Ops.number(bits.sum());
        }
        int side = row < rows.count() / rows.candidates() ? 0 : 1;
        sums[side] += Ops.number(own.index_select(0, rows.places(row)).mean(-1).sum());
        tokens[side] += Ops.number(mask.sum());
        if (side == 0) {
          var hit = own.argmax(new LongOptional(1), false);
          var right = hit.eq(rows.ids().select(0, row).narrow(0, 1, length));
          likeliest += Ops.number(right.logical_and(scored.select(0, row)).sum());
        }
      }
    }
    return new Metrics(
        entropy / (tokens[0] + tokens[1]),
        sums[0] / tokens[0],
        sums[1] / tokens[1],
        likeliest / tokens[0]);
  }

  private void update() {
    done++;
    var leaves = slots.stream().map(Slot::weight).toList();
    double cut = Math.min(1, 1 / (Grad.norm(leaves) + 1e-6));
    Grad.off(() -> {
      for (var slot : slots) {
        Fused.adamW(
            slot.weight.detach(),
            Grad.gathered(slot.weight).mul_(Ops.scalar(cut)),
            slot.first.tensor(),
            slot.second.tensor(),
            done,
            rate,
            0.9,
            0.999,
            0,
            1e-8,
            1);
        Grad.clear(slot.weight);
      }
      return cut;
    });
  }

  /// The gradient of a step's loss by name, without an update; for comparisons.
  SequencedMap<String, double[]> gradients(List<Integer> numbers) {
    var gradients = new LinkedHashMap<String, double[]>();
    try (var _ = new Step()) {
      var rows = PlainRows.of(numbers.stream().map(groups::get).toList());
      Step.inner(() -> loss(numbers, rows, new ArrayList<>())).backward();
      llama
          .trainable()
          .forEach((name, weight) -> {
            gradients.put(name, Ops.toDoubles(Grad.gathered(weight)));
            Grad.clear(weight);
          });
    }
    return gradients;
  }

  @Override
  public void close() {
    for (var slot : slots) {
      slot.first.close();
      slot.second.close();
    }
    llama.close();
  }
}
