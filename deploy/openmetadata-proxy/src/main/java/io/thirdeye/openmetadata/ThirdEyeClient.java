package io.thirdeye.openmetadata;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

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

  /** The answer, its body still to be read. */
  HttpResponse<InputStream> send(HttpRequest.Builder request, Repeat repeat) throws Unavailable {
    if (!breaker.tryAcquirePermission()) {
      metrics.meter(name("refused-by-breaker")).mark();
      throw new Unavailable(null);
    }
    long began = System.nanoTime();
    HttpRequest built = request.timeout(readTimeout).build();
    Timer.Context timed = metrics.timer(name("requests")).time();
    try {
      HttpResponse<InputStream> response = sendRepeatedly(built, repeat);
      if (response.statusCode() == 500 || response.statusCode() == 502 || response.statusCode() == 504) {
        response.body().close();
        throw new IOException("ThirdEye answered " + response.statusCode());
      }
      breaker.onSuccess(System.nanoTime() - began, TimeUnit.NANOSECONDS);
      return response;
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

  private HttpResponse<InputStream> sendRepeatedly(HttpRequest request, Repeat repeat)
      throws IOException, InterruptedException {
    for (int repeated = 0; ; repeated++) {
      boolean last = repeat == Repeat.UNSENT || repeated >= retries;
      try {
        HttpResponse<InputStream> response = http.send(request, BodyHandlers.ofInputStream());
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
    }
  }

  /** After a hang nothing is sent again; what was refused Java's client has tried twice already. */
  private static boolean isNeverRepeated(IOException error) {
    return error instanceof HttpTimeoutException || error instanceof ConnectException;
  }

  /** The body, which fails where nothing comes for longer than the limit. */
  InputStream watched(InputStream body) {
    return new FilterInputStream(body) {
      private volatile boolean late;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        ScheduledFuture<?> end = watch.schedule(this::giveUp, readTimeout.toMillis(), TimeUnit.MILLISECONDS);
        try {
          int size = in.read(bytes, offset, length);
          if (late) {
            throw new IOException("nothing came for " + readTimeout);
          }
          return size;
        } finally {
          end.cancel(false);
        }
      }

      private Void giveUp() throws IOException {
        // A body that is closed looks to its reader as if it had ended.
        late = true;
        in.close();
        return null;
      }
    };
  }
}
