package io.thirdeye.openmetadata;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A ThirdEye that does to each request what a test says, and notes what came: head and body as text. */
final class Upstream implements AutoCloseable {
  interface Behaviour {
    void answer(OutputStream out) throws IOException, InterruptedException;
  }

  /** Ends the connection as a machine does that knows of none. */
  static final Behaviour RESET = out -> {
    throw new ConnectionReset();
  };

  private static final class ConnectionReset extends IOException {
    private static final long serialVersionUID = 1L;
  }

  final List<String> requests = new CopyOnWriteArrayList<>();
  volatile Behaviour behaviour;
  private final ServerSocket listening;

  Upstream() throws IOException {
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start(() -> {
      while (true) {
        Socket socket = listening.accept();
        start(() -> serve(socket));
      }
    });
  }

  int port() {
    return listening.getLocalPort();
  }

  static Behaviour answers(String text) {
    return out -> out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  static Behaviour status(int code, String body) {
    return answers(
        "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            .formatted(code, body.length(), body));
  }

  /** Until the test is over. */
  static void hang() throws InterruptedException {
    Thread.sleep(Long.MAX_VALUE);
  }

  private void serve(Socket socket) throws IOException, InterruptedException {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = in.read();
        if (next < 0) {
          return;
        }
        head.append((char) next);
      }
      int length = 0;
      for (String line : head.toString().split("\r\n")) {
        if (line.toLowerCase().startsWith("content-length:")) {
          length = Integer.parseInt(line.substring(15).trim());
        }
      }
      requests.add(head + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1));
      try {
        behaviour.answer(socket.getOutputStream());
      } catch (ConnectionReset reset) {
        socket.setSoLinger(true, 0);
      }
    }
  }

  /** Until so many requests have come. */
  void awaitRequests(int count) throws InterruptedException {
    for (int tries = 0; requests.size() < count && tries < 6_000; tries++) {
      Thread.sleep(10);
    }
  }

  private interface Work {
    void run() throws IOException, InterruptedException;
  }

  private static void start(Work work) {
    Thread thread = new Thread(() -> {
      try {
        work.run();
      } catch (IOException | InterruptedException over) {
        // The test is over, or whoever asked has given up.
      }
    });
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
