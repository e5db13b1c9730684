package io.alidade.template;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Evaluated arguments of a call.
record Args(List<Object> positional, Map<String, Object> named) {
  static final Args NONE = new Args(List.of(), Map.of());

  /// Stands for an optional argument that was not given.
  static final Absent ABSENT = Absent.ABSENT;

  enum Absent {
    ABSENT
  }

  static Args of(Object... positional) {
    return new Args(List.of(positional), Map.of());
  }

  /// The arguments from the given position on.
  Args from(int first) {
    return new Args(positional.subList(first, positional.size()), named);
  }

  /// Matches the arguments to parameters in order; those whose name ends in `?` may be absent.
  Object[] bind(String function, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new TemplateException(
          function
              + "() takes at most "
              + parameters.length
              + " arguments ("
              + positional.size()
              + " given)");
    }
    var rest = named.isEmpty() ? named : new LinkedHashMap<>(named);
    var bound = new Object[parameters.length];
    Arrays.fill(bound, ABSENT);
    for (int i = 0; i < parameters.length; i++) {
      boolean optional = parameters[i].endsWith("?");
      var name = optional ? parameters[i].substring(0, parameters[i].length() - 1) : parameters[i];
      boolean isNamed = rest.containsKey(name);
      if (i < positional.size()) {
        if (isNamed) {
          throw new TemplateException(
              function + "() got multiple values for argument '" + name + "'");
        }
        bound[i] = positional.get(i);
      } else if (isNamed) {
        bound[i] = rest.remove(name);
      } else if (!optional) {
        throw new TemplateException(function + "() missing required argument '" + name + "'");
      }
    }
    if (!rest.isEmpty()) {
      throw new TemplateException(
          function
              + "() got an unexpected keyword argument '"
              + rest.keySet().iterator().next()
              + "'");
    }
    return bound;
  }

  static boolean truth(Object value, boolean otherwise) {
    return value == ABSENT ? otherwise : Values.truth(value);
  }

  static boolean isGiven(Object value) {
    return value != ABSENT && value != None.NONE;
  }

  static int integer(Object value, int otherwise) {
    return value == ABSENT ? otherwise : Math.toIntExact(Numbers.index(value));
  }

  static String text(Object value, String otherwise) {
    return value == ABSENT ? otherwise : Values.text(value);
  }
}
