package io.alidade.tokenizer;

/// Keeps the tokenizer library to this machine. Without these it downloads another build of itself
/// on hosts with a GPU, and reports its use on hosts of one cloud. Both are read when the library
/// is first touched, so every entry point comes through here.
final class Offline {
  private Offline() {}

  static void enforce() {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }
}
