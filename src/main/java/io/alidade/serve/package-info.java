/// A server that speaks OpenAI's interface over the decoder: requests are read, queued, drawn
/// together and answered. Loopback and plain HTTP; what faces a network belongs behind a proxy. No
/// command line.
@NullMarked
package io.alidade.serve;

import org.jspecify.annotations.NullMarked;
