package io.thirdeye.openmetadata;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** The body of an answer, which fails where it does not come in time. */
final class WatchedBody extends FilterInputStream {
  private final ScheduledExecutorService watch;
  private final Duration eachPart;
  private final long startsUntil;
  private volatile boolean late;

  /**
   * @param eachPart how long each part may take
   * @param startsUntil until when what {@link #start} reads must be there, in the time of {@link System#nanoTime}
   */
  WatchedBody(InputStream body, ScheduledExecutorService watch, Duration eachPart, long startsUntil) {
    super(body);
    this.watch = watch;
    this.eachPart = eachPart;
    this.startsUntil = startsUntil;
  }

  /** The first bytes, up to so many: all of them in time, however small the parts that they come in. */
  byte[] start(int size) throws IOException {
    return limited(Math.max(0, startsUntil - System.nanoTime()), () -> in.readNBytes(size));
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    return limited(eachPart.toNanos(), () -> in.read(bytes, offset, length));
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private <T> T limited(long nanos, Reading<T> reading) throws IOException {
    ScheduledFuture<?> end = watch.schedule(this::giveUp, nanos, TimeUnit.NANOSECONDS);
    try {
      T result = reading.read();
      if (late) {
        throw new IOException("the answer did not come in time");
      }
      return result;
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
}
