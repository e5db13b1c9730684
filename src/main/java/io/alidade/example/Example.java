package io.alidade.example;

import java.util.List;
import java.util.Map;

/// A prompt with its candidates and what is known of them: one row of a data set.
///
/// A pair holds two candidates, the chosen one first. A ranking holds K, the best first. A labelled
/// example and a demonstration hold one. A bare prompt holds none. A conversation without a prompt
/// of its own has an empty prompt.
///
/// @param row where it came from, for messages to the user and for joins
/// @param prompt what the candidates answer; empty plain text where there is none
/// @param candidates answers, in the order described above
/// @param signals quantities by name; as many numbers as the signal's scope has places (1, K, or
///   for units one array a candidate, flattened in order)
/// @param extras what the chat template may read beside the messages (`tools`,
///   `chat_template_kwargs`)
public record Example(
    Row row,
    Text prompt,
    List<Text> candidates,
    Map<Signal, double[]> signals,
    Map<String, Object> extras) {
  /// The place of a row: `file:number`, counted from 1 as editors do.
  ///
  /// @param file path or name of the file
  /// @param number row or line number, from 1
  public record Row(String file, long number) {
    @Override
    public String toString() {
      return file + ":" + number;
    }
  }
}
