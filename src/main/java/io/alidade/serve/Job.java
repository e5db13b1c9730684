package io.alidade.serve;

import io.alidade.generation.Answer;
import io.alidade.generation.AnswerText;
import io.alidade.generation.Prompt;
import io.alidade.generation.Stops;
import io.alidade.model.Decoder;
import io.alidade.model.Drawn;
import io.alidade.model.Sampling;
import io.alidade.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A request at work: its choices are drawn by a worker's thread, and what happens to them is taken
/// by the thread of its client. A slow client holds up nobody, since what waits for it is bounded
/// by the number of tokens it asked for.
final class Job {
  /// What happens to a choice.
  sealed interface Event {
    /// The prompt as the model sees it, from its second token on.
    record Echo(int choice, List<Decoder.Token> tokens) implements Event {}

    /// More text, and the tokens that it came from.
    record Piece(int choice, String text, List<Decoder.Token> tokens) implements Event {}

    /// Nothing more comes of a choice.
    ///
    /// @param drawn number of tokens, a final end token included
    record End(int choice, Answer.End reason, int drawn) implements Event {}

    /// Nothing more comes at all.
    record Broken(String message) implements Event {}
  }

  private final Ask ask;
  private final List<Prompt> prompts;
  private final Stops stops;
  private final Sampling sampling;
  private final boolean draws;
  private final LongSupplier clock;
  private final long deadline;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private volatile boolean cut;
  private int going; // choices that have not ended; of the worker's thread alone

  /// @param sampling of all choices; the number of each is its stream
  /// @param draws whether anything is drawn; otherwise prompts are only scored
  /// @param clock in nanoseconds
  Job(
      Ask ask,
      List<Prompt> prompts,
      Stops stops,
      Sampling sampling,
      boolean draws,
      LongSupplier clock,
      Duration limit) {
    this.ask = ask;
    this.prompts = List.copyOf(prompts);
    this.stops = stops;
    this.sampling = sampling;
    this.draws = draws;
    this.clock = clock;
    going = prompts.size() * ask.samples();
    deadline = clock.getAsLong() + limit.toNanos();
  }

  /// Number of choices.
  int choices() {
    return prompts.size() * ask.samples();
  }

  /// Tokens of all prompts.
  int promptTokens() {
    return prompts.stream().mapToInt(prompt -> prompt.ids().length).sum();
  }

  Prompt prompt(int choice) {
    return prompts.get(choice / ask.samples());
  }

  /// Whether this is the last choice of its prompt.
  boolean last(int choice) {
    return choice % ask.samples() == ask.samples() - 1;
  }

  boolean draws() {
    return draws;
  }

  /// How many alternatives to report of the prompt's tokens, if they are asked for.
  Optional<Integer> echo() {
    return ask.echo() ? ask.logprobs() : Optional.empty();
  }

  /// Ends all choices as soon as their worker comes to them.
  void cut() {
    cut = true;
  }

  /// Whether nobody waits any more, or the time is up.
  boolean over() {
    return cut || clock.getAsLong() - deadline >= 0;
  }

  Decoder.Request request(int choice) {
    return new Decoder.Request(
        sampling, choice % ask.samples(), stops.ends(), ask.processors(), ask.logprobs().orElse(0));
  }

  /// Whether all choices have ended; for the worker's thread.
  boolean finished() {
    return going == 0;
  }

  /// Tells of something; for the worker's thread.
  void tell(Event event) {
    switch (event) {
      case Event.End _ -> going--;
      case Event.Broken _ -> going = 0;
      case Event.Echo _, Event.Piece _ -> {}
    }
    events.add(event);
  }

  /// What happens next, if anything does in some time.
  @Nullable Event next(Duration patience) throws InterruptedException {
    return events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
  }

  /// What makes text of the tokens of a choice.
  Decoder.Listener listener(int choice, Tokenizer tokenizer, Runnable ended) {
    var text = new AnswerText(tokenizer, prompt(choice), stops);
    return new Decoder.Listener() {
      private final List<Decoder.Token> held = new ArrayList<>();

      @Override
      public boolean token(Decoder.Token token) {
        if (!stops.ends().contains(token.id())) {
          held.add(token);
        }
        give(text.add(token.id()));
        return !text.ended() && !over();
      }

      @Override
      public void ended(Drawn drawn) {
        give(text.finish());
        if (!held.isEmpty()) {
          tell(new Event.Piece(choice, "", List.copyOf(held)));
        }
        tell(new Event.End(choice, text.end(drawn.stop()), drawn.tokens().length));
        ended.run();
      }

      private void give(String piece) {
        if (!piece.isEmpty()) {
          tell(new Event.Piece(choice, piece, List.copyOf(held)));
          held.clear();
        }
      }
    };
  }
}
