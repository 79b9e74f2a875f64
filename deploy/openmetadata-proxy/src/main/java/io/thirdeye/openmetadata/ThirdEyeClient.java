package io.thirdeye.openmetadata;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Sends requests to ThirdEye: within limits of time, repeated where that is safe, not at all while it keeps failing. */
final class ThirdEyeClient {
  /** Nobody answered, or not with an answer that may be passed on. */
  static final class Unavailable extends Exception {
    private static final long serialVersionUID = 1L;

    Unavailable(Throwable cause) {
      super(cause);
    }
  }

  /** When a request that failed may be sent again. */
  enum Repeat {
    /** It changes nothing, and Java's client sends it again by itself when the connection ends before an answer. */
    READ,
    /** It changes nothing, or is answered as before. */
    SAFE,
    /** Only if it was not sent, which Java's client does by itself. */
    UNSENT
  }

  /** What ThirdEye said, its body still to be read. */
  record Answer(int status, HttpHeaders headers, WatchedBody body) {}

  /** What a repeated request may take beyond the limit of one. */
  private static final Duration FOR_REPEATING = Duration.ofMillis(500);

  /** Within a tenth of a second a stopping instance has closed its port and its connections: sooner it may be met again. */
  private static final Duration BEFORE_REPEATING = Duration.ofMillis(250);

  private final HttpClient http;
  private final Duration readTimeout;
  private final int retries;
  private final CircuitBreaker breaker;
  private final MetricRegistry metrics;
  private final ScheduledExecutorService watch;

  ThirdEyeClient(ThirdEyeConfiguration configuration, MetricRegistry metrics) {
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofMillis(configuration.connectTimeoutMs))
            .build();
    readTimeout = Duration.ofMillis(configuration.readTimeoutMs);
    retries = configuration.retries;
    this.metrics = metrics;
    breaker =
        CircuitBreaker.of(
            "thirdeye",
            CircuitBreakerConfig.custom()
                .slidingWindowSize(20)
                .minimumNumberOfCalls(10)
                .failureRateThreshold(50)
                .waitDurationInOpenState(Duration.ofSeconds(5))
                .permittedNumberOfCallsInHalfOpenState(2)
                .build());
    metrics.gauge(name("breaker"), () -> () -> breaker.getState().name());
    watch =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "thirdeye-watch");
              thread.setDaemon(true);
              return thread;
            });
  }

  static String name(String metric) {
    return MetricRegistry.name("thirdeye", "proxy", metric);
  }

  /** Repeats included, it takes no longer than the limit of one request and {@link #FOR_REPEATING}. */
  Answer send(HttpRequest.Builder request, Repeat repeat) throws Unavailable {
    if (!breaker.tryAcquirePermission()) {
      metrics.meter(name("refused-by-breaker")).mark();
      throw new Unavailable(null);
    }
    long began = System.nanoTime();
    long until = began + readTimeout.plus(FOR_REPEATING).toNanos();
    HttpRequest built = request.timeout(readTimeout).build();
    Timer.Context timed = metrics.timer(name("requests")).time();
    try {
      HttpResponse<InputStream> response = sendRepeatedly(built, repeat, until);
      if (response.statusCode() == 500 || response.statusCode() == 502 || response.statusCode() == 504) {
        response.body().close();
        throw new IOException("ThirdEye answered " + response.statusCode());
      }
      breaker.onSuccess(System.nanoTime() - began, TimeUnit.NANOSECONDS);
      WatchedBody body = new WatchedBody(response.body(), watch, readTimeout, until);
      return new Answer(response.statusCode(), response.headers(), body);
    } catch (IOException error) {
      throw failed(began, error);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw failed(began, error);
    } finally {
      timed.stop();
    }
  }

  private Unavailable failed(long began, Exception error) {
    breaker.onError(System.nanoTime() - began, TimeUnit.NANOSECONDS, error);
    metrics.meter(name("failures")).mark();
    return new Unavailable(error);
  }

  /** Counts an answer that broke off while it was passed on. */
  void brokeOff() {
    metrics.meter(name("broken-off")).mark();
  }

  private HttpResponse<InputStream> sendRepeatedly(HttpRequest request, Repeat repeat, long until)
      throws IOException, InterruptedException {
    for (int repeated = 0; ; repeated++) {
      boolean last = repeat == Repeat.UNSENT || repeated >= retries;
      try {
        HttpResponse<InputStream> response = sendUntil(request, until);
        if (last || response.statusCode() != 503) {
          return response;
        }
        // One that stops says so; another one may take its place.
        response.body().close();
      } catch (IOException error) {
        if (last || repeat == Repeat.READ || isNeverRepeated(error)) {
          throw error;
        }
      }
      metrics.meter(name("retries")).mark();
      Thread.sleep(BEFORE_REPEATING.toMillis());
    }
  }

  /** Also what Java's client sends again by itself ends in time: each of its attempts may take the whole limit. */
  private HttpResponse<InputStream> sendUntil(HttpRequest request, long until) throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<InputStream>> sent = http.sendAsync(request, BodyHandlers.ofInputStream());
    try {
      return sent.get(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException error) {
      sent.cancel(true);
      throw new HttpTimeoutException("ThirdEye did not answer in time");
    } catch (InterruptedException error) {
      sent.cancel(true);
      throw error;
    } catch (ExecutionException error) {
      if (error.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(error.getCause());
    }
  }

  /** After a hang nothing is sent again; what was refused Java's client has tried twice already. */
  private static boolean isNeverRepeated(IOException error) {
    return error instanceof HttpTimeoutException || error instanceof ConnectException;
  }
}
