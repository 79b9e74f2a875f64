package io.thirdeye.openmetadata;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.core.Application;
import io.dropwizard.core.Configuration;
import io.dropwizard.core.setup.Environment;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.util.EnumSet;

/** Registers the resource as OpenMetadata does. */
public class ProxyApplication extends Application<ProxyApplication.Settings> {
  /** As OpenMetadata's configuration, with the section {@code thirdEye}. */
  public static class Settings extends Configuration {
    @Valid @NotNull @JsonProperty public ThirdEyeConfiguration thirdEye = new ThirdEyeConfiguration();
  }

  /** {@code server FILE}, for the tests of Python. */
  public static void main(String[] arguments) throws Exception {
    new ProxyApplication().run(arguments);
  }

  /** What happens after each answer was written and before Jetty knows of its end. */
  static volatile Runnable atTheEnd = () -> {};

  @Override
  public void run(Settings settings, Environment environment) {
    environment.jersey().register(new ThirdEyeProxyResource(settings.thirdEye, environment.metrics()));
    Filter waiting = (request, response, chain) -> {
      chain.doFilter(request, response);
      atTheEnd.run();
    };
    environment.servlets().addFilter("waiting", waiting).addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
  }
}
