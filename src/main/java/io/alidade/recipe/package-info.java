/// From YAML to records: reading, overriding, binding by name, and checking that the parts of a
/// recipe fit together before a byte of weights is read. What the parts do is not known here.
@NullMarked
package io.alidade.recipe;

import org.jspecify.annotations.NullMarked;
