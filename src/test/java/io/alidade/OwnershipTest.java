package io.alidade;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// Native memory has three lifetimes, and one package that touches what they are made of.
class OwnershipTest {
  private static final List<String> GUARDED =
      List.of(
          "org/bytedeco/javacpp/PointerScope",
          "org/bytedeco/pytorch/NoGradGuard",
          "org/bytedeco/pytorch/AutoGradMode",
          "org/bytedeco/pytorch/TensorVector");

  @Test
  void onlyTheTensorPackageTouchesScopesGuardsVectorsAndSeeds() {
    assertThat(offenders(outside("tensor"), this::touches)).isEmpty();
    assertThat(offenders(name -> name.startsWith("io/alidade/tensor/"), this::touches))
        .as("the package that should, so that this test is known to see")
        .isNotEmpty();
  }

  @Test
  void noTensorIsHeldForever() {
    assertThat(
            offenders(
                _ -> true,
                model ->
                    model.fields().stream()
                        .anyMatch(field ->
                            field.flags().has(java.lang.reflect.AccessFlag.STATIC)
                                && field
                                    .fieldType()
                                    .stringValue()
                                    .contains("org/bytedeco/pytorch/Tensor;"))))
        .isEmpty();
  }

  private boolean touches(ClassModel model) {
    return Classes.strings(model).stream()
            .anyMatch(text -> GUARDED.stream().anyMatch(text::contains))
        || seeds(model);
  }

  private static boolean seeds(ClassModel model) {
    for (var entry : model.constantPool()) {
      if (entry instanceof MemberRefEntry member
          && member.owner().asInternalName().startsWith("org/bytedeco/pytorch/")
          && member.name().stringValue().equals("manual_seed")) {
        return true;
      }
    }
    return false;
  }

  private static Predicate<String> outside(String layer) {
    return name -> !name.startsWith("io/alidade/" + layer + "/");
  }

  private static Set<String> offenders(Predicate<String> names, Predicate<ClassModel> rule) {
    var offenders = new TreeSet<String>();
    for (var model : Classes.ofMain()) {
      if (names.test(model.thisClass().asInternalName()) && rule.test(model)) {
        offenders.add(model.thisClass().asInternalName());
      }
    }
    return offenders;
  }
}
