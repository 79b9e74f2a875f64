package io.thirdeye.openmetadata;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;

/** The section {@code thirdEye} of openmetadata.yaml. */
public class ThirdEyeConfiguration {
  /** Of ThirdEye itself, without a path. */
  @NotNull
  @Pattern(regexp = "https?://[^/?#\\s]+", message = "must be http(s)://host:port without a path")
  @JsonProperty
  public String baseUrl = "http://localhost:8586";

  /** Whether a browser may open GraphiQL, which ThirdEye has in development only. */
  @JsonProperty public boolean graphqlPlayground = false;

  @Min(1)
  @Max(60_000)
  @JsonProperty
  public int connectTimeoutMs = 2_000;

  /** Until the answer begins, and then for each further part. ThirdEye begins within 4.5 seconds. */
  @Min(1)
  @Max(60_000)
  @JsonProperty
  public int readTimeoutMs = 5_000;

  /** How often a request is repeated where that is safe. */
  @Min(0)
  @Max(1)
  @JsonProperty
  public int retries = 1;
}
