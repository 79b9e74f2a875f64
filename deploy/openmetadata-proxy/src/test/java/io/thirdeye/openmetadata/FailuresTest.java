package io.thirdeye.openmetadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.dropwizard.testing.ConfigOverride;
import io.dropwizard.testing.DropwizardTestSupport;
import io.thirdeye.openmetadata.Upstream.Behaviour;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.StatisticsHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The resource in a real Dropwizard, before a ThirdEye that fails. */
class FailuresTest {
  private static final String GRAPHQL = "/api/v1/thirdeye/graphql";
  private static final String HEALTH = "/api/v1/thirdeye/health";
  private static final String ITEM = "/api/v1/thirdeye/action-items/1";
  private static final Pattern AGREED =
      Pattern.compile("\\{\"code\":503,\"message\":\"ThirdEye unavailable\",\"timestamp\":(\\d+)}");
  private static final Map<String, String> NONE = Map.of();
  private static final Map<String, String> KEY = Map.of("Idempotency-Key", "k1");
  private static final Map<String, String> QUERY = Map.of("X-OM-Operation-Id", "get_zi_score");
  private static final Map<String, String> MUTATION = Map.of("X-OM-Operation-Id", "create_action_item");

  private static final Behaviour CLOSE = out -> {};
  private static final Behaviour RESET = Upstream.RESET;
  private static final Behaviour HANG = out -> Upstream.hang();
  private static final Behaviour SLOW = out -> {
    out.write("HTTP/1.1 200 X\r\nContent-Le".getBytes());
    Upstream.hang();
  };
  private static final Behaviour HALF_A_HEAD = Upstream.answers("HTTP/1.1 200 X\r\nContent-Le");
  private static final Behaviour HALF_A_BODY = Upstream.answers("HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n{\"half\":");
  private static final Behaviour STOPS_IN_THE_BODY = out -> {
    out.write("HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n{\"half\":".getBytes());
    Upstream.hang();
  };
  /** Something comes all the time, and never all of it. */
  private static final Behaviour DRIPS = out -> {
    out.write("HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n".getBytes());
    while (true) {
      out.write('x');
      Thread.sleep(20);
    }
  };
  private static final Set<Behaviour> TOO_SLOW = Set.of(HANG, SLOW, STOPS_IN_THE_BODY, DRIPS);
  private static final Behaviour NO_HTTP = Upstream.answers("220 mail.example.org ESMTP\r\n\r\n");
  private static final Behaviour DEFECT = Upstream.status(500, "{}");
  private static final Behaviour STOPPING = Upstream.status(503, "{\"message\":\"its own\"}");

  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private Upstream upstream;
  private DropwizardTestSupport<ProxyApplication.Settings> proxy;

  @BeforeEach
  void start() throws Exception {
    upstream = new Upstream();
  }

  /** A proxy that waits for what is too slow only as long as it must, and for all else as long as a busy machine needs. */
  private void behind(Behaviour behaviour) throws Exception {
    upstream.behaviour = behaviour;
    String limit = TOO_SLOW.contains(behaviour) ? "400" : "60000";
    proxy =
        TestProxy.started(
            "http://localhost:" + upstream.port(),
            ConfigOverride.config("thirdEye.readTimeoutMs", limit),
            ConfigOverride.config("thirdEye.connectTimeoutMs", "60000"));
  }

  @AfterEach
  void stop() throws Exception {
    ProxyApplication.atTheEnd = () -> {};
    TestProxy.stop(proxy);
    upstream.close();
  }

  private HttpResponse<String> ask(String method, String path, Map<String, String> headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + proxy.getLocalPort() + path))
            .method(method, method.startsWith("P") ? BodyPublishers.ofString("{\"a\":1}") : BodyPublishers.noBody());
    headers.forEach(request::header);
    return http.send(request.build(), BodyHandlers.ofString());
  }

  static Stream<Behaviour> failures() {
    return Stream.of(CLOSE, RESET, HANG, SLOW, HALF_A_HEAD, HALF_A_BODY, STOPS_IN_THE_BODY, DRIPS, NO_HTTP, DEFECT);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void eachFailureGetsTheAgreedAnswer(Behaviour failure) throws Exception {
    behind(failure);
    long before = System.currentTimeMillis();
    for (HttpResponse<String> answer : List.of(ask("GET", HEALTH, NONE), ask("POST", GRAPHQL, NONE))) {
      assertEquals(503, answer.statusCode());
      // From ThirdEye it means that nothing was done, and the page asks again, whatever it was.
      assertTrue(answer.headers().firstValue("retry-after").isEmpty());
      assertEquals("application/json", answer.headers().firstValue("content-type").orElseThrow());
      Matcher found = AGREED.matcher(answer.body());
      assertTrue(found.matches(), answer.body());
      long timestamp = Long.parseLong(found.group(1));
      assertTrue(before <= timestamp && timestamp <= System.currentTimeMillis());
    }
  }

  @Test
  void whereNobodyListensItIsTheSame() throws Exception {
    behind(CLOSE);
    upstream.close();
    assertEquals(503, ask("GET", HEALTH, NONE).statusCode());
    assertEquals(503, ask("POST", GRAPHQL, NONE).statusCode());
  }

  static Stream<Arguments> attempts() {
    return Stream.of(
        Arguments.of(CLOSE, "GET", HEALTH, NONE, 2),
        Arguments.of(RESET, "GET", HEALTH, NONE, 2),
        Arguments.of(RESET, "GET", "/api/v1/thirdeye/tables.csv", NONE, 2),
        Arguments.of(RESET, "POST", GRAPHQL, KEY, 2),
        Arguments.of(RESET, "POST", GRAPHQL, MUTATION, 1),
        Arguments.of(CLOSE, "POST", GRAPHQL, QUERY, 2),
        Arguments.of(CLOSE, "POST", GRAPHQL, KEY, 2),
        Arguments.of(CLOSE, "DELETE", ITEM, KEY, 2),
        // What may have been done, although nobody said so.
        Arguments.of(CLOSE, "POST", GRAPHQL, NONE, 1),
        Arguments.of(CLOSE, "POST", GRAPHQL, MUTATION, 1),
        Arguments.of(CLOSE, "POST", "/api/v1/thirdeye/action-items", QUERY, 1),
        Arguments.of(CLOSE, "PATCH", ITEM, NONE, 1),
        Arguments.of(CLOSE, "DELETE", ITEM, NONE, 1),
        // What hung once.
        Arguments.of(HANG, "GET", HEALTH, NONE, 1),
        Arguments.of(HANG, "POST", GRAPHQL, KEY, 1),
        Arguments.of(HANG, "POST", GRAPHQL, QUERY, 1),
        Arguments.of(SLOW, "GET", HEALTH, NONE, 1),
        Arguments.of(DRIPS, "GET", HEALTH, NONE, 1),
        Arguments.of(DEFECT, "GET", HEALTH, NONE, 1),
        Arguments.of(HALF_A_BODY, "POST", GRAPHQL, KEY, 1),
        Arguments.of(STOPPING, "GET", HEALTH, NONE, 2),
        Arguments.of(STOPPING, "POST", GRAPHQL, QUERY, 2),
        Arguments.of(STOPPING, "POST", GRAPHQL, NONE, 1));
  }

  @ParameterizedTest
  @MethodSource("attempts")
  void aRequestIsRepeatedOnceAndOnlyWhereThatIsSafe(
      Behaviour failure, String method, String path, Map<String, String> headers, int expected) throws Exception {
    behind(failure);
    ask(method, path, headers);
    // One that was given up while this machine was busy may be on its way.
    upstream.awaitRequests(expected);
    assertEquals(expected, upstream.requests.size());
  }

  @Test
  void whatThirdEyeSaysItselfIsPassedOn() throws Exception {
    behind(STOPPING);
    HttpResponse<String> answer = ask("POST", GRAPHQL, NONE);
    assertEquals(503, answer.statusCode());
    assertEquals("{\"message\":\"its own\"}", answer.body());
  }

  @Test
  void anExportThatBreaksOffIsSeenToBeBroken() throws Exception {
    behind(CLOSE);
    for (int size : new int[] {20_000, 2_000_000}) {
      upstream.behaviour =
          Upstream.answers("HTTP/1.1 200 X\r\nContent-Length: 9000000\r\n\r\n" + "x".repeat(size));
      assertThrows(IOException.class, () -> ask("GET", "/api/v1/thirdeye/tables.csv", NONE));
    }
    // So early that nothing was passed back yet.
    upstream.behaviour = HALF_A_BODY;
    assertThrows(IOException.class, () -> ask("GET", "/api/v1/thirdeye/tables.csv", NONE));
    // The client of this test asks once more where nothing came back.
    assertEquals(4, proxy.getEnvironment().metrics().meter("thirdeye.proxy.broken-off").getCount());
  }

  /** Of an answer without a length that ends with its connection, only the way in which that ends tells whether it is whole. */
  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.0\r\n", "HTTP/1.1\r\nConnection: close\r\n"})
  void anExportThatBreaksOffIsSeenToBeBrokenByWhomTheEndTellsAlone(String version) throws Exception {
    CountDownLatch wasRead = new CountDownLatch(1);
    behind(out -> {
      out.write(("HTTP/1.1 200 X\r\nContent-Length: 40000\r\n\r\n" + "x".repeat(20_000)).getBytes());
      out.flush();
      wasRead.await();
    });
    try (Socket client = new Socket("localhost", proxy.getLocalPort())) {
      client.getOutputStream().write(("GET /api/v1/thirdeye/tables.csv " + version + "Host: om\r\n\r\n").getBytes());
      assertEquals(8_000, client.getInputStream().readNBytes(8_000).length);
      wasRead.countDown();
      assertThrows(SocketException.class, client.getInputStream()::readAllBytes);
    }
  }

  /** OpenMetadata stops as soon as the last answer is over, and not when its time to stop is, also if that broke off. */
  @ParameterizedTest
  @ValueSource(ints = {0, 9, 20_000})
  void anExportThatBreaksOffHoldsNoStopUp(int size) throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    CountDownLatch stopping = new CountDownLatch(1);
    ProxyApplication.atTheEnd = () -> {
      over.countDown();
      await(stopping);
    };
    behind(Upstream.answers("HTTP/1.1 200 X\r\nContent-Length: 40000\r\n\r\n" + "x".repeat(size)));
    Server server = proxy.getEnvironment().getApplicationContext().getServer();
    started(() -> ask("GET", "/api/v1/thirdeye/tables.csv", NONE));
    over.await();
    // It throws where something still goes on when the time to stop, half a minute, is over.
    FutureTask<Void> stopped = started(() -> {
      server.stop();
      return null;
    });
    while (!server.getChildHandlerByClass(StatisticsHandler.class).isShutdown()) {
      Thread.sleep(10);
    }
    stopping.countDown();
    stopped.get();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  private static <T> FutureTask<T> started(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    new Thread(task).start();
    return task;
  }

  @Test
  void anExportComesAsItIsMade() throws Exception {
    CountDownLatch wasRead = new CountDownLatch(1);
    String half = "x".repeat(20_000);
    behind(out -> {
      out.write(("HTTP/1.1 200 X\r\nContent-Length: 40000\r\n\r\n" + half).getBytes());
      out.flush();
      wasRead.await();
      out.write(half.getBytes());
    });
    HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + proxy.getLocalPort() + "/api/v1/thirdeye/tables.csv")).build();
    try (InputStream body = http.send(request, BodyHandlers.ofInputStream()).body()) {
      // The second half is made only after this much of the first has been read here.
      assertEquals(8_000, body.readNBytes(8_000).length);
      wasRead.countDown();
      assertEquals(32_000, body.readAllBytes().length);
    }
  }

  @Test
  void aThirdEyeThatKeepsFailingIsLeftAlone() throws Exception {
    behind(DEFECT);
    for (int number = 0; number < 15; number++) {
      assertEquals(503, ask("GET", HEALTH, NONE).statusCode());
    }
    assertEquals(10, upstream.requests.size());
    var metrics = proxy.getEnvironment().metrics();
    assertEquals(10, metrics.meter("thirdeye.proxy.failures").getCount());
    assertEquals(5, metrics.meter("thirdeye.proxy.refused-by-breaker").getCount());
    assertEquals("OPEN", metrics.getGauges().get("thirdeye.proxy.breaker").getValue());
  }

  @Test
  void headersThatThirdEyeKnowsAreForwardedAndAllOthersDropped() throws Exception {
    behind(Upstream.status(200, "{}"));
    String token = "Bearer " + "a".repeat(4_000);
    ask("POST", GRAPHQL, Map.of(
        "Authorization", token, "X-OM-Operation-Id", "get_zi_score", "Idempotency-Key", "k 1", "X-Request-Id", "r-1",
        "traceparent", "00-1-2-01", "If-Match", "\"3\"", "Cookie", "s=1", "X-Forwarded-User", "admin", "X-Auth-Request-User", "admin"));
    String sent = upstream.requests.get(0);
    for (String line : new String[] {"Authorization: " + token, "X-OM-Operation-Id: get_zi_score", "Idempotency-Key: k 1", "X-Request-Id: r-1", "traceparent: 00-1-2-01", "If-Match: \"3\""}) {
      assertTrue(sent.contains("\r\n" + line + "\r\n"), line);
    }
    for (String name : new String[] {"cookie:", "x-forwarded-user:", "x-auth-request-user:"}) {
      assertTrue(!sent.toLowerCase().contains("\r\n" + name), name);
    }
    assertTrue(sent.endsWith("\r\n\r\n{\"a\":1}"));
  }

  @Test
  void noAddressLeadsOut() throws Exception {
    behind(Upstream.status(200, "{}"));
    for (String path : new String[] {"/api/v1/thirdeye/..%2f..%2f..%2fmetrics", "/api/v1/thirdeye/%2e%2e/%2e%2e/%2e%2e/metrics", "/metrics"}) {
      assertTrue(ask("GET", path, NONE).statusCode() >= 400, path);
    }
    assertEquals(0, upstream.requests.size());
  }

  @Test
  void theExplorerIsThereOnlyIfItIsSwitchedOn() throws Exception {
    behind(Upstream.status(200, "{}"));
    assertEquals(405, ask("GET", GRAPHQL, Map.of("Accept", "text/html")).statusCode());
    assertEquals(200, ask("GET", GRAPHQL + "?documentId=get_zi_score", Map.of("Accept", "application/json")).statusCode());
    assertTrue(upstream.requests.get(0).startsWith("GET " + GRAPHQL + "?documentId=get_zi_score HTTP/1.1"));
  }
}
