package io.alidade.evaluation;

import io.alidade.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// How unlike texts are: the share of distinct n-grams (Li et al. 2016, arXiv:1510.03055), and BLEU
/// of each text against the others (Zhu et al. 2018, arXiv:1802.01886). Words are what stands
/// between spaces.
public final class Diversity {
  private Diversity() {}

  /// Words of a text.
  public static List<String> words(String text) {
    return Arrays.stream(text.strip().split("\\s+")).filter(w -> !w.isEmpty()).toList();
  }

  /// Distinct n-grams over all n-grams of all texts, in `[0, 1]`; NaN if there is none.
  public static double distinct(List<List<String>> texts, int n) {
    Check.atLeast("n", 1, n);
    var seen = new HashSet<List<String>>();
    long all = 0;
    for (var text : texts) {
      var grams = grams(text, n);
      seen.addAll(grams);
      all += grams.size();
    }
    return all == 0 ? Double.NaN : (double) seen.size() / all;
  }

  /// Mean over texts of the BLEU score of each against all others, in `[0, 1]`: 1 where all are the
  /// same. Smoothed by adding 1 to both counts of n-grams longer than one (Lin and Och 2004), so
  /// that short texts have a score. NaN for fewer than two texts.
  ///
  /// @param most longest n-gram, 4 in the papers
  public static double selfBleu(List<List<String>> texts, int most) {
    Check.atLeast("most", 1, most);
    if (texts.size() < 2) {
      return Double.NaN;
    }
    double sum = 0;
    for (int i = 0; i < texts.size(); i++) {
      var others = new ArrayList<>(texts);
      var one = others.remove(i);
      sum += bleu(one, others, most);
    }
    return sum / texts.size();
  }

  /// BLEU of a text against others (Papineni et al. 2002), smoothed as above; 0 for a text without
  /// words, unless another has none either.
  static double bleu(List<String> text, List<List<String>> others, int most) {
    if (text.isEmpty()) {
      return others.stream().anyMatch(List::isEmpty) ? 1 : 0;
    }
    double logs = 0;
    for (int n = 1; n <= most; n++) {
      var counts = counts(text, n);
      var best = new HashMap<List<String>, Integer>();
      for (var other : others) {
        counts(other, n).forEach((gram, count) -> best.merge(gram, count, Math::max));
      }
      long matched = 0;
      long all = 0;
      for (var gram : counts.entrySet()) {
        matched += Math.min(gram.getValue(), best.getOrDefault(gram.getKey(), 0));
        all += gram.getValue();
      }
      double precision = n == 1 ? (double) matched / all : (matched + 1.0) / (all + 1.0);
      if (precision == 0) {
        return 0;
      }
      logs += Math.log(precision) / most;
    }
    int length = text.size();
    int closest =
        others.stream()
            .mapToInt(List::size)
            .reduce((a, b) -> {
              int da = Math.abs(a - length);
              int db = Math.abs(b - length);
              return da < db || (da == db && a < b) ? a : b;
            })
            .orElse(length);
    double brevity = length >= closest ? 0 : 1 - (double) closest / length;
    return Math.exp(logs + brevity);
  }

  private static Map<List<String>, Integer> counts(List<String> words, int n) {
    var counts = new HashMap<List<String>, Integer>();
    grams(words, n).forEach(gram -> counts.merge(gram, 1, Integer::sum));
    return counts;
  }

  private static List<List<String>> grams(List<String> words, int n) {
    var grams = new ArrayList<List<String>>();
    for (int i = 0; i + n <= words.size(); i++) {
      grams.add(words.subList(i, i + n));
    }
    return grams;
  }
}
