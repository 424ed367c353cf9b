package bitaqa.interop;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;
import net.sf.scuba.smartcards.CommandAPDU;
import net.sf.scuba.smartcards.ResponseAPDU;
import org.jmrtd.PassportService;

/**
 * A card at the other end of a TCP connection that speaks as vpcd, the driver of pcsc-lite for cards over TCP, does:
 * length
 * in two octets, then a command, or one octet of control.
 */
final class Link extends CardService implements Card {
  private static final int POWER_ON = 1;
  private static final int RESET = 2;
  private static final int ATR = 4;
  private static final int FRAME_MAX = 0xFFFF;

  private final Socket socket;
  private final DataInputStream in;
  private final BufferedOutputStream out;
  /** The card's program, where we started it; else null. */
  private final Process served;
  private boolean open = true;
  private final boolean trace;
  private long commands;
  private long octets;

  private Link(Socket socket, Process served, boolean trace) throws IOException {
    this.socket = socket;
    this.served = served;
    this.trace = trace;
    // Each command waits for its answer: nothing is gained by holding octets back, and 40 ms are lost.
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
    out = new BufferedOutputStream(socket.getOutputStream(), FRAME_MAX + 2);
    control(POWER_ON);
  }

  /** Waits for a card as vpcd does, and starts the one of an image, if that is what is asked for. */
  static Link listen(Options options) throws IOException {
    int port = Math.max(options.listen, 0);
    try (ServerSocket server = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      Process served = null;
      if (options.image == null) {
        System.err.println("listening on port " + server.getLocalPort());
      } else {
        served = new ProcessBuilder(options.bitaqa, "card", "serve", "--image", options.image.toString(),
            "--vpcd", "127.0.0.1:" + server.getLocalPort())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      }
      return new Link(accept(server, served), served, options.trace);
    }
  }

  /** Gives up when the card's program has ended, or after a minute. */
  private static Socket accept(ServerSocket server, Process served) throws IOException {
    server.setSoTimeout(200);
    for (int tries = 0; ; tries++) {
      try {
        return server.accept();
      } catch (SocketTimeoutException nobody) {
        if (tries == 300 || served != null && !served.isAlive()) {
          throw new IOException("no card came" + (served == null ? "" : ", its program ended"), nobody);
        }
      }
    }
  }

  /** Goes to a card that listens itself (`bitaqa card serve --tcp`). */
  static Link connect(String place, boolean trace) throws IOException {
    int colon = place.lastIndexOf(':');
    return new Link(new Socket(place.substring(0, colon), Integer.parseInt(place.substring(colon + 1))), null, trace);
  }

  private void control(int octet) throws IOException {
    send(new byte[] {(byte) octet});
  }

  private void send(byte[] frame) throws IOException {
    if (frame.length > FRAME_MAX) {
      throw new IOException("a command of " + frame.length + " octets does not fit a frame of vpcd");
    }
    out.write(frame.length >> 8);
    out.write(frame.length);
    out.write(frame);
    out.flush();
  }

  private byte[] receive() throws IOException {
    byte[] frame = new byte[in.readUnsignedShort()];
    in.readFully(frame);
    return frame;
  }

  @Override
  public CardService service() {
    return this;
  }

  @Override
  public int longestBlock() {
    return PassportService.EXTENDED_MAX_TRANCEIVE_LENGTH;
  }

  @Override
  public void reset() throws CardServiceException {
    try {
      control(RESET);
      open = true;
    } catch (IOException error) {
      throw new CardServiceException("the card is gone", error);
    }
  }

  @Override
  public long commands() {
    return commands;
  }

  @Override
  public long octets() {
    return octets;
  }

  @Override
  public void open() {
    open = true;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public ResponseAPDU transmit(CommandAPDU command) throws CardServiceException {
    try {
      byte[] request = command.getBytes();
      send(request);
      byte[] response = receive();
      commands++;
      octets += request.length + response.length;
      if (trace) {
        System.err.println("> " + HexFormat.of().formatHex(request));
        System.err.println("< " + HexFormat.of().formatHex(response));
      }
      return new ResponseAPDU(response);
    } catch (IOException error) {
      throw new CardServiceException("the card is gone", error);
    }
  }

  @Override
  public byte[] getATR() throws CardServiceException {
    try {
      control(ATR);
      return receive();
    } catch (IOException error) {
      throw new CardServiceException("the card is gone", error);
    }
  }

  /** Of one session: the connection stays for the next. */
  @Override
  public void close() {
    open = false;
  }

  @Override
  public void end() throws IOException, InterruptedException {
    socket.close();
    if (served != null) {
      // Ends with the image saved; the file is the caller's again when this returns.
      served.destroy();
      if (!served.waitFor(20, TimeUnit.SECONDS)) {
        throw new IOException("the card's program does not end");
      }
    }
  }

  @Override
  public boolean isConnectionLost(Exception error) {
    return error.getCause() instanceof IOException;
  }
}
