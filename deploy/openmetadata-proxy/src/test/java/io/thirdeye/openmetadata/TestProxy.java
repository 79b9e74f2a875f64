package io.thirdeye.openmetadata;

import io.dropwizard.testing.ConfigOverride;
import io.dropwizard.testing.DropwizardTestSupport;
import java.util.stream.Stream;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.Connector;

/** A Dropwizard with the resource, its addresses as OpenMetadata's. */
final class TestProxy {
  static DropwizardTestSupport<ProxyApplication.Settings> started(String baseUrl, ConfigOverride... more) throws Exception {
    Stream<ConfigOverride> own =
        Stream.of(
            ConfigOverride.config("server.rootPath", "/api/*"),
            ConfigOverride.config("server.applicationConnectors[0].port", "0"),
            ConfigOverride.config("server.adminConnectors[0].port", "0"),
            ConfigOverride.config("thirdEye.baseUrl", baseUrl),
            ConfigOverride.config("logging.level", "WARN"));
    var made =
        new DropwizardTestSupport<>(ProxyApplication.class, null, Stream.concat(own, Stream.of(more)).toArray(ConfigOverride[]::new));
    made.before();
    for (Connector connector : made.getEnvironment().getApplicationContext().getServer().getConnectors()) {
      // The clients of these tests keep their connections: each test would wait a second for them at its end.
      ((AbstractConnector) connector).setShutdownIdleTimeout(1);
    }
    return made;
  }

  private TestProxy() {}
}
