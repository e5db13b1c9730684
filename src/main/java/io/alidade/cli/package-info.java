/// The command line: parsing of arguments and printing of results, and nothing else.
@NullMarked
package io.alidade.cli;

import org.jspecify.annotations.NullMarked;
