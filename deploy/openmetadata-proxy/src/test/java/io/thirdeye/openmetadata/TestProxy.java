package io.thirdeye.openmetadata;

import io.dropwizard.testing.ConfigOverride;
import io.dropwizard.testing.DropwizardTestSupport;
import java.util.stream.Stream;
import org.eclipse.jetty.io.EndPoint;
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
    return made;
  }

  /** Ends it with its connections: clients of these tests keep theirs, and each test would wait a second for them. */
  static void stop(DropwizardTestSupport<ProxyApplication.Settings> proxy) throws Exception {
    for (Connector connector : proxy.getEnvironment().getApplicationContext().getServer().getConnectors()) {
      connector.getConnectedEndPoints().forEach(EndPoint::close);
    }
    proxy.after();
  }

  private TestProxy() {}
}
