package io.alidade.judge.code;

import io.alidade.judge.code.child.CompileSources;
import io.alidade.judge.code.child.RunTests;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.ModuleAttribute;
import java.lang.constant.ModuleDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The classes of the other process as a module that opens and exports nothing, so that reflection
/// finds no way into it.
final class ChildModule {
  static final String NAME = "alidade.child";

  private ChildModule() {}

  /// Writes the module below a folder for `--module-path`.
  static void write(Path modules) throws IOException {
    var folder = modules.resolve(NAME);
    var classes = folder.resolve(RunTests.class.getPackageName().replace('.', '/'));
    Files.createDirectories(classes);
    Files.write(folder.resolve("module-info.class"), declaration());
    for (var type : types()) {
      var file = type.getName().substring(type.getPackageName().length() + 1) + ".class";
      try (var in = type.getResourceAsStream(file)) {
        if (in == null) {
          throw new IllegalStateException("not on the class path: " + type);
        }
        Files.copy(in, classes.resolve(file));
      }
    }
  }

  private static List<Class<?>> types() {
    var types = new ArrayList<Class<?>>();
    for (var main : List.<Class<?>>of(RunTests.class, CompileSources.class)) {
      types.add(main);
      types.addAll(List.of(main.getDeclaredClasses()));
    }
    return withAnonymous(types);
  }

  /// Classes without a name, such as `CompileSources$InMemory$1`, are told by counting.
  private static List<Class<?>> withAnonymous(List<Class<?>> types) {
    var all = new ArrayList<Class<?>>(types);
    for (var type : types) {
      for (int i = 1; ; i++) {
        try {
          all.add(Class.forName(type.getName() + "$" + i, false, type.getClassLoader()));
        } catch (ClassNotFoundException end) {
          break;
        }
      }
    }
    return all;
  }

  private static byte[] declaration() {
    return ClassFile.of()
        .buildModule(
            ModuleAttribute.of(
                ModuleDesc.of(NAME),
                module -> {
                  module.requires(ModuleDesc.of("java.base"), List.of(AccessFlag.MANDATED), "25");
                  module.requires(
                      ModuleDesc.of("java.compiler"), List.of(AccessFlag.STATIC_PHASE), "25");
                }));
  }
}
