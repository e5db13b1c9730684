/// What an objective says and does: its text, its curve, the limits in which it becomes another,
/// and its value on given numbers. Objectives are known here by their interface alone; what is
/// worth showing of one stands in a resource that bears its name.
@NullMarked
package io.alidade.explain;

import org.jspecify.annotations.NullMarked;
