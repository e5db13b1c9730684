package io.alidade.judge.chat;

import java.util.Locale;

/// What was asked and paid.
///
/// @param asked requests that were answered
/// @param failed requests that were not, or not in a usable way
/// @param remembered questions that the cache answered
/// @param read tokens of questions, as the server counts them
/// @param written tokens of answers
/// @param cost by the price
public record Spent(
    long asked, long failed, long remembered, long read, long written, double cost) {
  /// Nothing yet.
  static final Spent NOTHING = new Spent(0, 0, 0, 0, 0, 0);

  Spent plus(Spent o) {
    return new Spent(
        asked + o.asked,
        failed + o.failed,
        remembered + o.remembered,
        read + o.read,
        written + o.written,
        cost + o.cost);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d answered, %d failed, %d remembered; %d tokens read, %d written, cost %.4f",
        asked,
        failed,
        remembered,
        read,
        written,
        cost);
  }
}
