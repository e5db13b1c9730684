/// What runs in the other process, beside code that may be hostile: a module of its own that opens
/// nothing and needs nothing but `java.base` and the compiler.
@NullMarked
package io.alidade.judge.code.child;

import org.jspecify.annotations.NullMarked;
