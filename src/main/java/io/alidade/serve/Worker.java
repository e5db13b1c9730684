package io.alidade.serve;

import io.alidade.UserException;
import io.alidade.generation.Answer;
import io.alidade.generation.LanguageModel;
import io.alidade.model.Decoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The thread that draws for one model. Choices of all requests share its steps: they join the
/// batch as soon as there is room, in the order in which they came, and leave it when they end.
final class Worker implements AutoCloseable {
  private record Choice(Job job, int number) {}

  private final LanguageModel model;
  private final int rows;
  private final int queue;
  private final Metrics metrics;
  private final Consumer<String> log;
  private final Thread thread;
  private final Deque<Choice> waiting = new ArrayDeque<>(); // guarded by this
  private int active; // rows at work; guarded by this
  private boolean closing; // guarded by this
  // The prompt read last, as long as choices of it are to come; of the worker's thread alone.
  private Decoder.@Nullable Prefix prefix;

  /// @param name of the model
  Worker(String name, LanguageModel model, Limits limits, Metrics metrics, Consumer<String> log) {
    this.model = model;
    this.rows = limits.rows();
    this.queue = limits.queue();
    this.metrics = metrics;
    this.log = log;
    thread = Thread.ofPlatform().name("draws " + name).daemon().start(this::run);
  }

  LanguageModel model() {
    return model;
  }

  /// Takes on a job, all of it or nothing.
  ///
  /// @throws Failure if too many wait already, or the server is closing
  synchronized void submit(Job job) {
    if (closing) {
      throw Failure.of(503, "shutting_down", "the server is shutting down");
    }
    if (active + waiting.size() + job.choices() > rows + queue) {
      throw Failure.of(
          429,
          "queue_full",
          "%d answers are being drawn and %d wait; try again later"
              .formatted(active, waiting.size()));
    }
    for (int choice = 0; choice < job.choices(); choice++) {
      waiting.add(new Choice(job, choice));
    }
    notifyAll();
  }

  synchronized int active() {
    return active;
  }

  synchronized int waiting() {
    return waiting.size();
  }

  private void run() {
    var working = new ArrayList<Job>();
    var decoder = new Decoder(model.policy());
    try {
      while (await(decoder)) {
        try {
          for (var choice = next(); choice != null; choice = next()) {
            working.add(choice.job);
            join(decoder, choice);
          }
          if (decoder.active() > 0) {
            decoder.step();
            metrics.step(decoder.active());
          }
        } catch (RuntimeException | OutOfMemoryError failure) {
          log.accept("drawing failed: " + failure);
          decoder.close();
          decoder = new Decoder(model.policy());
          breakOff(working, failure);
        }
        working.removeIf(Job::finished);
      }
    } finally {
      decoder.close();
      closePrefix();
    }
  }

  /// Waits for something to do; false when the end has come.
  private synchronized boolean await(Decoder decoder) {
    while (decoder.active() == 0 && waiting.isEmpty()) {
      if (closing) {
        return false;
      }
      try {
        wait();
      } catch (InterruptedException _) {
        closing = true; // nobody else interrupts this thread
      }
    }
    return true;
  }

  private synchronized @Nullable Choice next() {
    if (active >= rows || waiting.isEmpty()) {
      return null;
    }
    active++;
    return waiting.removeFirst();
  }

  private void join(Decoder decoder, Choice choice) {
    var job = choice.job;
    try {
      if (job.over()) {
        job.tell(new Job.Event.End(choice.number, Answer.End.LENGTH, 0));
        left();
        return;
      }
      var prompt = job.prompt(choice.number);
      var echo = job.echo();
      if (echo.isPresent()) {
        job.tell(new Job.Event.Echo(choice.number, decoder.read(prompt.ids(), echo.get())));
      }
      if (!job.draws()) {
        job.tell(new Job.Event.End(choice.number, Answer.End.LENGTH, 0));
        left();
        return;
      }
      var read = prefix == null ? decoder.read(prompt.ids()) : prefix;
      prefix = read;
      decoder.join(
          read,
          job.request(choice.number),
          job.listener(choice.number, model.tokenizer(), this::left));
    } catch (UserException failure) {
      job.tell(new Job.Event.Broken(String.valueOf(failure.getMessage())));
      left();
    } finally {
      if (job.last(choice.number)) {
        closePrefix();
      }
    }
  }

  private void closePrefix() {
    if (prefix != null) {
      prefix.close();
      prefix = null;
    }
  }

  private synchronized void left() {
    active--;
  }

  private void breakOff(List<Job> working, Throwable failure) {
    closePrefix();
    synchronized (this) {
      active = 0;
      waiting.removeIf(choice -> working.contains(choice.job));
    }
    var message = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    working.forEach(job -> job.tell(new Job.Event.Broken("drawing failed: " + message)));
    working.clear();
  }

  /// Takes nothing more on, draws what it has, and ends.
  @Override
  public void close() {
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    try {
      thread.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
