package io.alidade.study;

import io.alidade.batch.Batch;
import io.alidade.constraint.Divergence;
import io.alidade.journal.Provenance;
import io.alidade.learning.Session;
import io.alidade.model.Policy;
import io.alidade.model.causal.Architectures;
import io.alidade.objective.Objective;
import io.alidade.recipe.Slots;
import io.alidade.reference.Reference;
import io.alidade.tensor.Step;
import io.alidade.world.TinyModels;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// What computes the numbers of a study.
public final class Engine {
  /// One class of each package that numbers depend on.
  private static final List<Class<?>> PACKAGES =
      List.of(
          Step.class,
          Batch.class,
          Divergence.class,
          Objective.class,
          Policy.class,
          Architectures.class,
          Reference.class,
          Session.class,
          TinyModels.class);

  private Engine() {}

  /// The program's version and a digest of its engine, so that what an older engine computed is
  /// never taken for this one's. The studies themselves are left out, so that a remark can be
  /// written without computing anew.
  public static String version() {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      for (var anchor : PACKAGES) {
        for (var type : Slots.classes(anchor)) {
          for (var member : type.getNestMembers()) {
            var file = member.getName().substring(member.getPackageName().length() + 1);
            try (var in = type.getResourceAsStream(file + ".class")) {
              if (in == null) {
                throw new IllegalStateException("no class file of " + member);
              }
              digest.update(in.readAllBytes());
            }
          }
        }
      }
      return Provenance.version() + "-" + HexFormat.of().formatHex(digest.digest(), 0, 6);
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has SHA-256, and these classes are there
    }
  }
}
