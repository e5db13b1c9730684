package io.alidade.mine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LicenseTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Apache-2.0|https://www.apache.org/licenses/LICENSE-2.0.txt|Apache-2.0",
        "The Apache Software License, Version 2.0|''|Apache-2.0",
        "Apache 2|''|Apache-2.0",
        "The MIT License|https://opensource.org/licenses/MIT|MIT",
        "BSD-3-Clause|''|BSD-3-Clause",
        "The 2-Clause BSD License|''|BSD-2-Clause",
        "BSD licence|''|BSD",
        "GNU Lesser General Public License|http://www.gnu.org/licenses/lgpl-2.1.html|GNU Lesser General Public License",
        "Apache License, Version 1.1|''|Apache License, Version 1.1",
        "Bespoke|''|Bespoke",
        "''|''|unknown",
      })
  void namesBecomeSpdx(String name, String url, String expected) {
    assertThat(License.spdx(name, url)).isEqualTo(expected);
  }

  @Test
  void permissiveIsWhatIsKnownToBe() {
    assertThat(License.isPermissive("MIT")).isTrue();
    assertThat(License.isPermissive("Apache-2.0 OR GNU Lesser General Public License")).isTrue();
    assertThat(License.isPermissive("unknown")).isFalse();
    assertThat(License.isPermissive("Eclipse Distribution License")).isFalse();
  }

  @Test
  void textsAreRecognised() {
    assertThat(License.ofText("  Apache License\n  Version 2.0, January 2004"))
        .isEqualTo("Apache-2.0");
    assertThat(License.ofText("Permission is hereby granted, free of\ncharge, to any person"))
        .isEqualTo("MIT");
    assertThat(License.ofText("All rights reserved.")).isEqualTo("unknown");
  }
}
