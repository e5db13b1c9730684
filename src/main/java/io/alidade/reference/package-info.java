/// Which model a policy is compared with: specifications of references, each opened once a session.
/// They own gradient mode and adapters, so that a reference is never by accident the policy itself.
@NullMarked
package io.alidade.reference;

import org.jspecify.annotations.NullMarked;
