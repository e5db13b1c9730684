/// Talking to a language model behind an address: requests that are tried again, paced, paid for
/// and remembered. What its words mean is the business of a judge.
@NullMarked
package io.alidade.judge.chat;

import org.jspecify.annotations.NullMarked;
