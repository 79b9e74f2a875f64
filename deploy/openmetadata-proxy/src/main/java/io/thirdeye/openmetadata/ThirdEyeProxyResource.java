package io.thirdeye.openmetadata;

import com.codahale.metrics.MetricRegistry;
import io.thirdeye.openmetadata.ThirdEyeClient.Answer;
import io.thirdeye.openmetadata.ThirdEyeClient.Repeat;
import io.thirdeye.openmetadata.ThirdEyeClient.Unavailable;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.channels.NetworkChannel;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.HttpChannel;

/**
 * {@code /api/v1/thirdeye/**} of OpenMetadata: passes requests on to ThirdEye, as they are, and its answers back.
 *
 * <p>Where ThirdEye gives no answer, the caller gets 503 and {@code {"code":503,"message":"ThirdEye unavailable","timestamp":...}},
 * the time in milliseconds.
 */
@Path("/v1/thirdeye")
public class ThirdEyeProxyResource {
  /** What ThirdEye gets to see: nothing hop-by-hop, no cookie, nothing that claims to be somebody. */
  private static final List<String> REQUEST_HEADERS =
      List.of(
          "Authorization", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "Accept-Language", "User-Agent",
          "X-OM-Operation-Id", "Idempotency-Key", "X-Request-Id", "If-Match", "If-None-Match", "If-Modified-Since", "Range",
          "If-Range", "Last-Event-ID", "Origin", "traceparent", "tracestate", "baggage");

  private static final Set<String> NOT_PASSED_BACK =
      Set.of(
          "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
          "content-length", "date", "server");

  /** The persisted operations that are queries; see operations/. */
  private static final Pattern READS =
      Pattern.compile("(get|list)_[a-z0-9_]+|export_action_items|preview_action_rule|simulate_policy|suggest_tables");

  private static final Pattern STREAMED = Pattern.compile(".*\\.(csv|jsonl)");

  /** What is read before anything is passed back, so that an answer that breaks off can still become a 503. */
  private static final int READ_AHEAD = 1 << 18;

  /** What ThirdEye does not take anyway: over 1 MB it answers 413. */
  private static final int MAX_KEPT_BODY = 1 << 21;

  private final ThirdEyeConfiguration configuration;
  private final ThirdEyeClient client;

  public ThirdEyeProxyResource(ThirdEyeConfiguration configuration, MetricRegistry metrics) {
    this.configuration = configuration;
    client = new ThirdEyeClient(configuration, metrics);
  }

  @GET
  @Path("{path: .*}")
  public Response get(@Context Request request, @Context UriInfo uri, @Context HttpHeaders headers, @Context HttpServletRequest servlet) {
    String accept = headers.getHeaderString(HttpHeaders.ACCEPT);
    if (isGraphql(uri) && !configuration.graphqlPlayground && accept != null && accept.contains("text/html")) {
      return refusal(405, "GraphQL is asked with POST");
    }
    return pass(request, uri, headers, InputStream.nullInputStream(), servlet);
  }

  @POST
  @Path("{path: .*}")
  public Response post(@Context Request request, @Context UriInfo uri, @Context HttpHeaders headers, InputStream body, @Context HttpServletRequest servlet) {
    return pass(request, uri, headers, body, servlet);
  }

  @PATCH
  @Path("{path: .*}")
  public Response patch(@Context Request request, @Context UriInfo uri, @Context HttpHeaders headers, InputStream body, @Context HttpServletRequest servlet) {
    return pass(request, uri, headers, body, servlet);
  }

  @DELETE
  @Path("{path: .*}")
  public Response delete(@Context Request request, @Context UriInfo uri, @Context HttpHeaders headers, @Context HttpServletRequest servlet) {
    return pass(request, uri, headers, InputStream.nullInputStream(), servlet);
  }

  private Response pass(
      Request request, UriInfo uri, HttpHeaders headers, InputStream body, HttpServletRequest servlet) {
    String path = "/api/" + uri.getPath(false);
    if (leadsOut(path)) {
      return refusal(404, "there is nothing at this address");
    }
    String method = request.getMethod();
    Repeat repeat = repeat(method, uri, headers);
    try {
      String query = uri.getRequestUri().getRawQuery();
      URI target = URI.create(configuration.baseUrl + path + (query == null ? "" : "?" + query));
      HttpRequest.Builder passed = HttpRequest.newBuilder(target).method(method, publisher(method, repeat, headers, body));
      for (String name : REQUEST_HEADERS) {
        List<String> values = headers.getRequestHeader(name);
        if (values != null && !values.isEmpty()) {
          passed.setHeader(name, values.get(0));
        }
      }
      return answer(client.send(passed, repeat), STREAMED.matcher(path).matches(), channel(servlet));
    } catch (TooLarge error) {
      return refusal(413, "the body of the request is too large");
    } catch (IllegalArgumentException error) {
      return refusal(400, "the request has an address or a header that is none");
    } catch (IOException | Unavailable error) {
      return refusal(503, "ThirdEye unavailable");
    }
  }

  private static boolean isGraphql(UriInfo uri) {
    return uri.getPath(false).endsWith("v1/thirdeye/graphql");
  }

  /** Whether an address means something else than it says, such as {@code /api/v1/thirdeye/../../../metrics}. */
  private static boolean leadsOut(String path) {
    String plain = path.toLowerCase(Locale.ROOT).replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace('\\', '/');
    return plain.contains("/../") || plain.endsWith("/..") || !plain.startsWith("/api/v1/thirdeye/");
  }

  private static Repeat repeat(String method, UriInfo uri, HttpHeaders headers) {
    if (method.equals("GET") || method.equals("HEAD")) {
      return Repeat.READ;
    }
    String key = headers.getHeaderString("Idempotency-Key");
    String operation = headers.getHeaderString("X-OM-Operation-Id");
    boolean isRead = method.equals("POST") && isGraphql(uri) && operation != null && READS.matcher(operation).matches();
    return isRead || (key != null && !key.isEmpty()) ? Repeat.SAFE : Repeat.UNSENT;
  }

  /** The body: kept where it may have to be sent again, else passed on as it comes. */
  private static BodyPublisher publisher(String method, Repeat repeat, HttpHeaders headers, InputStream body)
      throws IOException {
    if (method.equals("GET") || method.equals("HEAD") || method.equals("DELETE")) {
      return BodyPublishers.noBody();
    }
    if (repeat == Repeat.SAFE) {
      byte[] kept = body.readNBytes(MAX_KEPT_BODY + 1);
      if (kept.length > MAX_KEPT_BODY) {
        throw new TooLarge();
      }
      return BodyPublishers.ofByteArray(kept);
    }
    int length = headers.getLength();
    BodyPublisher streamed = BodyPublishers.ofInputStream(() -> body);
    if (length == 0) {
      return BodyPublishers.noBody();
    }
    return length > 0 ? BodyPublishers.fromPublisher(streamed, length) : streamed;
  }

  private Response answer(Answer answer, boolean streamed, HttpChannel channel) throws IOException {
    WatchedBody body = answer.body();
    byte[] start = streamed ? new byte[0] : body.start(READ_AHEAD);
    Response.ResponseBuilder built = Response.status(answer.status());
    answer.headers().map().forEach((name, values) -> {
      if (!NOT_PASSED_BACK.contains(name.toLowerCase(Locale.ROOT))) {
        values.forEach(value -> built.header(name, value));
      }
    });
    if (!streamed && start.length < READ_AHEAD) {
      return start.length == 0 ? built.build() : built.entity(start).build();
    }
    StreamingOutput output = out -> {
      try (body) {
        out.write(start);
        byte[] part = new byte[1 << 14];
        for (int size = body.read(part); size >= 0; size = body.read(part)) {
          out.write(part, 0, size);
          out.flush();
        }
      } catch (IOException error) {
        // Its head is gone already: the connection ends, so that nobody takes the half for the whole. Thrown, the
        // error would be logged and the answer ended as if it were complete.
        client.brokeOff();
        breakOff(channel, error);
      }
    };
    return built.entity(output).build();
  }

  /** Jetty's side of the connection, which Dropwizard always has; no interface of servlets can break it off. */
  private static HttpChannel channel(HttpServletRequest servlet) {
    return (HttpChannel) servlet.getAttribute(HttpChannel.class.getName());
  }

  private static void breakOff(HttpChannel channel, IOException error) {
    try {
      // Reset, not closed: to a client that asked for `Connection: close`, or speaks HTTP/1.0, a close is the end of a whole
      // answer.
      if (channel.getEndPoint().getTransport() instanceof NetworkChannel socket) {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException closed) {
      // By the client.
    }
    channel.abort(error);
    // What is left in it Jetty 9 would flush while it stops, fail, and then wait for until its time to stop is over.
    channel.getResponse().getHttpOutput().completed(error);
  }

  private static Response refusal(int code, String message) {
    String body =
        "{\"code\":%d,\"message\":\"%s\",\"timestamp\":%d}".formatted(code, message, System.currentTimeMillis());
    return Response.status(code).type("application/json").header("Cache-Control", "no-store").entity(body).build();
  }

  private static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;
  }
}
