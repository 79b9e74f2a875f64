package io.thirdeye.openmetadata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.dropwizard.testing.DropwizardTestSupport;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The resource before the ThirdEye that {@code make test-proxy} starts. */
@EnabledIfEnvironmentVariable(named = "THIRDEYE_URL", matches = "http.+")
class RealThirdEyeTest {
  private static final String GRAPHQL = "/api/v1/thirdeye/graphql";
  private static final String ITEMS = "/api/v1/thirdeye/action-items";
  private static final String THIRDEYE = System.getenv("THIRDEYE_URL");
  private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static DropwizardTestSupport<ProxyApplication.Settings> proxy;

  @BeforeAll
  static void start() throws Exception {
    proxy = TestProxy.started(THIRDEYE);
  }

  @AfterAll
  static void stop() {
    proxy.after();
  }

  private static HttpResponse<String> ask(String base, String method, String path, String body, Map<String, String> headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .header("Authorization", "Bearer " + System.getenv("THIRDEYE_TOKEN"))
            .header("Content-Type", "application/json");
    headers.forEach(request::header);
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  private static HttpResponse<String> ask(String method, String path, String body, Map<String, String> headers) throws Exception {
    return ask("http://localhost:" + proxy.getLocalPort(), method, path, body, headers);
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElse("none").replace("; ", ";");
  }

  @Test
  void healthGraphqlAndPersistedOperations() throws Exception {
    assertEquals("{\"status\":\"ok\"}", ask("GET", "/api/v1/thirdeye/health", null, Map.of()).body());
    assertTrue(ask("POST", GRAPHQL, "{\"query\":\"{ ziScore { score } }\"}", Map.of()).body().startsWith("{\"data\":{\"ziScore\":{\"score\":"));
    assertTrue(ask("POST", GRAPHQL, "{}", Map.of("X-OM-Operation-Id", "get_zi_score")).body().contains("\"totalTables\":"));
    assertEquals(200, ask("GET", "/api/v1/thirdeye/dashboard/zi-score", null, Map.of()).statusCode());
    HttpResponse<String> unknown = ask("POST", GRAPHQL, "{}", Map.of("X-OM-Operation-Id", "nope"));
    assertEquals(400, unknown.statusCode());
    assertTrue(unknown.body().startsWith("{\"code\":400,"));
  }

  @Test
  void actionItemsWithTheirConditions() throws Exception {
    HttpResponse<String> created = ask("POST", ITEMS, "{\"title\":\"through OM's own resource\"}", Map.of());
    assertEquals(201, created.statusCode());
    // Jersey makes an absolute address of what ThirdEye gives.
    String item = URI.create(created.headers().firstValue("location").orElseThrow()).getPath();
    assertTrue(item.startsWith(ITEMS + "/"), item);
    String tag = ask("GET", item, null, Map.of()).headers().firstValue("etag").orElseThrow();
    assertEquals(200, ask("PATCH", item, "{\"status\":\"DONE\"}", Map.of("If-Match", tag)).statusCode());
    assertEquals(412, ask("PATCH", item, "{\"status\":\"OPEN\"}", Map.of("If-Match", tag)).statusCode());
    assertEquals(204, ask("DELETE", item, null, Map.of()).statusCode());
    assertEquals(404, ask("GET", item, null, Map.of()).statusCode());
  }

  @Test
  void whatDidNotChangeIsNotSentAgain() throws Exception {
    String path = GRAPHQL + "?documentId=list_storage_prices";
    HttpResponse<String> first = ask("GET", path, null, Map.of("Accept", "application/json"));
    assertEquals(200, first.statusCode());
    String tag = first.headers().firstValue("etag").orElseThrow();
    assertEquals(304, ask("GET", path, null, Map.of("Accept", "application/json", "If-None-Match", tag)).statusCode());
  }

  @Test
  void aMutationWithAKeyIsDoneOnce() throws Exception {
    String body = "{\"variables\":{\"title\":\"once by key\"}}";
    Map<String, String> headers = Map.of("X-OM-Operation-Id", "create_action_item", "Idempotency-Key", "proxy-1");
    assertEquals(ask("POST", GRAPHQL, body, headers).body(), ask("POST", GRAPHQL, body, headers).body());
    String count = "{\"query\":\"{ actionItems(search: \\\"once by key\\\") { totalCount } }\"}";
    assertEquals("{\"data\":{\"actionItems\":{\"totalCount\":1}}}", ask("POST", GRAPHQL, count, Map.of()).body());
  }

  @Test
  void anExportIsWholeAndTheSame() throws Exception {
    String path = "/api/v1/thirdeye/tables.jsonl?sortBy=name";
    HttpResponse<String> answer = ask("GET", path, null, Map.of());
    assertEquals(200, answer.statusCode());
    assertTrue(answer.body().lines().count() > 10);
    assertEquals(ask(THIRDEYE, "GET", path, null, Map.of()).body(), answer.body());
  }

  @Test
  void thePageAndItsFilesAreTheSame() throws Exception {
    for (String path : new String[] {"/api/v1/thirdeye/ui/", "/api/v1/thirdeye/ui/page.js", "/api/v1/thirdeye/ui/waste"}) {
      HttpResponse<String> direct = ask(THIRDEYE, "GET", path, null, Map.of());
      HttpResponse<String> answer = ask("GET", path, null, Map.of());
      assertEquals(direct.statusCode(), answer.statusCode(), path);
      assertEquals(direct.body(), answer.body(), path);
      for (String name : new String[] {"content-type", "content-security-policy", "etag", "x-frame-options"}) {
        // Jersey writes types without spaces.
        assertEquals(header(direct, name), header(answer, name), name);
      }
    }
  }
}
