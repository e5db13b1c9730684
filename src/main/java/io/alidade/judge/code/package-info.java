/// Running Java that nobody trusts: compiled and run in processes of its own, behind what the
/// operating system offers. What a passed test is worth is the business of others.
@NullMarked
package io.alidade.judge.code;

import org.jspecify.annotations.NullMarked;
