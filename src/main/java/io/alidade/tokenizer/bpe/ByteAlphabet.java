package io.alidade.tokenizer.bpe;

/// The printable characters that stand for the 256 bytes in byte-level BPE (Radford et al. 2019):
/// visible Latin-1 characters stand for themselves, the others for the characters from U+0100 up.
final class ByteAlphabet {
  private static final char[] CHARACTERS = new char[256];

  static {
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean visible = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      CHARACTERS[b] = (char) (visible ? b : next++);
    }
  }

  private ByteAlphabet() {}

  static char character(int unsignedByte) {
    return CHARACTERS[unsignedByte];
  }
}
