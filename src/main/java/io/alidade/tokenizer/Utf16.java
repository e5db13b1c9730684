package io.alidade.tokenizer;

/// From places counted in characters, as the tokenizer library counts, to places counted in UTF-16
/// units.
final class Utf16 {
  private final int[] units; // per character its place, and the end; empty where both counts agree

  private Utf16(int[] units) {
    this.units = units;
  }

  static Utf16 of(String text) {
    int characters = text.codePointCount(0, text.length());
    if (characters == text.length()) {
      return new Utf16(new int[0]);
    }
    int[] units = new int[characters + 1];
    int at = 0;
    for (int c = 0; c < characters; c++) {
      units[c] = at;
      at += Character.charCount(text.codePointAt(at));
    }
    units[characters] = at;
    return new Utf16(units);
  }

  int at(int character) {
    return units.length == 0 ? character : units[character];
  }
}
