package io.alidade.cli;

import java.io.PrintWriter;

/// What the program says when it is asked nothing.
final class Guide {
  private Guide() {}

  static void print(PrintWriter out) {
    out.print(
        """
        Alidade: preference optimization for the JVM.
        A checkpoint and a file of preferences go in, a better checkpoint comes out.

        Try:
          ./alidade demo                          the whole line on a small model, a few minutes
          ./alidade data check prefs.jsonl        what is in a file, and what is wrong with it
          ./alidade train dpo --model org/name --data prefs.jsonl
                                                  tune a model; the result is in runs/
          ./alidade chat --model runs/NAME        talk to the result; generate, score and export it
          ./alidade runs                          compare what you trained
          ./alidade list                          every recipe and component, with its paper

        Help:   ./alidade --help, ./alidade train --help
        Docs:   README.md, docs/
        """);
    out.flush();
  }
}
