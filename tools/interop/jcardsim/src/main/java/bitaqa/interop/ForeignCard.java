package bitaqa.interop;

import com.licel.jcardsim.base.Simulator;
import com.licel.jcardsim.utils.AIDUtil;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.math.BigInteger;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javacard.framework.AID;
import javacard.framework.Applet;

/**
 * A passport on jCardSim: an applet that the caller brings, filled by its own commands, then put into a reader of vpcd.
 *
 * <pre>ForeignCard APPLET-JAR CLASS FOLDER PORT</pre>
 *
 * The folder is one that `jmrtd-reader issue` has made. The commands are those of JMRTD's passport applet: PUT DATA
 * for keys,
 * CREATE FILE, SELECT, UPDATE BINARY, and PUT DATA DEAD, after which nothing can be written.
 */
public final class ForeignCard {
  private static final String APPLICATION = "A0000002471001";
  private static final byte[] GOOD = {(byte) 0x90, 0x00};
  /** A block of UPDATE BINARY. */
  private static final int BLOCK = 200;
  private static final int ATR = 4;
  /** The applet's choice of cryptography: what a card of its time had. */
  private static final byte MODE = 4;

  private final Simulator simulator = new Simulator();
  private final AID aid = AIDUtil.create(APPLICATION);

  private ForeignCard() {}

  /** Ends when the reader is gone; exit code 2 when there is nothing to serve. */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 4) {
      System.err.println("jcardsim-card: APPLET-JAR CLASS FOLDER PORT");
      System.exit(2);
    }
    ForeignCard card = new ForeignCard();
    card.install(Path.of(arguments[0]), arguments[1]);
    card.personalise(Path.of(arguments[2]));
    System.err.println("personalised");
    card.serve(Integer.parseInt(arguments[3]));
  }

  private void install(Path jar, String name) throws Exception {
    URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, ForeignCard.class.getClassLoader());
    Constructor<? extends Applet> made = loader.loadClass(name).asSubclass(Applet.class).getConstructor(byte.class);
    Receiving.brought = made.newInstance(MODE);
    simulator.installApplet(aid, Receiving.class);
  }

  private void personalise(Path folder) throws Exception {
    if (!simulator.selectApplet(aid)) {
      throw new IOException("the applet is not to be selected");
    }
    byte[] pkcs8 = Files.readAllBytes(folder.resolve("aa.pkcs8"));
    RSAPrivateKey key =
        (RSAPrivateKey) KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    // The applet skips the value of the outer tag before it looks for the inner one: the outer one is empty.
    putData(0x60, join(new byte[] {0x60, 0x00}, tlv(0x04, key.getModulus())));
    putData(0x61, join(new byte[] {0x61, 0x00}, tlv(0x04, key.getPrivateExponent())));
    List<String> mrz = Files.readAllLines(folder.resolve("mrz.txt"));
    byte[] number = tlv(0x04, text(mrz.get(0), 5, 14));
    byte[] birth = tlv(0x04, text(mrz.get(1), 0, 6));
    putData(0x62, tlv(0x62, join(number, birth, tlv(0x04, text(mrz.get(1), 8, 14)))));
    write(0x0101, folder.resolve("DG1.bin"));
    write(0x0102, folder.resolve("DG2.bin"));
    write(0x010F, folder.resolve("DG15.bin"));
    write(0x011D, folder.resolve("EF.SOD.bin"));
    write(0x011E, folder.resolve("EF.COM.bin"));
    send("the lock", new byte[] {0x00, (byte) 0xDA, (byte) 0xDE, (byte) 0xAD});
    simulator.reset();
  }

  private static byte[] text(String line, int from, int to) {
    return line.substring(from, to).getBytes(StandardCharsets.US_ASCII);
  }

  private void putData(int number, byte[] value) throws IOException {
    send("PUT DATA " + number, join(new byte[] {0x00, (byte) 0xDA, 0x00, (byte) number, (byte) value.length}, value));
  }

  private void write(int file, Path from) throws IOException {
    byte[] content = Files.readAllBytes(from);
    byte[] name = {(byte) (file >> 8), (byte) file};
    byte[] size = {(byte) (content.length >> 8), (byte) content.length};
    send("CREATE FILE", join(new byte[] {0x00, (byte) 0xE0, 0x00, 0x00, 0x06, 0x63, 0x04}, size, name));
    send("SELECT", join(new byte[] {0x00, (byte) 0xA4, 0x02, 0x0C, 0x02}, name));
    for (int at = 0; at < content.length; at += BLOCK) {
      byte[] part = Arrays.copyOfRange(content, at, Math.min(at + BLOCK, content.length));
      send("UPDATE BINARY", join(new byte[] {0x00, (byte) 0xD6, (byte) (at >> 8), (byte) at, (byte) part.length},
          part));
    }
  }

  private void send(String what, byte[] command) throws IOException {
    byte[] answer = simulator.transmitCommand(command);
    if (!Arrays.equals(answer, GOOD)) {
      throw new IOException(what + " is answered by " + HexFormat.of().formatHex(answer));
    }
  }

  private static byte[] tlv(int tag, BigInteger value) {
    return tlv(tag, value.toByteArray());
  }

  private static byte[] tlv(int tag, byte[] value) {
    byte[] length = value.length < 0x80 ? new byte[] {(byte) value.length}
        : new byte[] {(byte) 0x81, (byte) value.length};
    return join(new byte[] {(byte) tag}, length, value);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  /**
   * As vpcd wants it: length in two octets, then a command, or one octet of control, of which ATR alone is
   * answered.
   */
  private void serve(int port) throws Exception {
    try (Socket socket = connect(port)) {
      socket.setTcpNoDelay(true);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      while (true) {
        byte[] frame = new byte[in.readUnsignedShort()];
        in.readFully(frame);
        if (frame.length > 1) {
          answer(out, simulator.transmitCommand(frame));
        } else if (frame[0] == ATR) {
          answer(out, simulator.getATR());
        } else {
          simulator.reset();
        }
      }
    } catch (EOFException gone) {
      System.err.println("the reader is gone");
    }
  }

  /** The reader may come after the card. */
  private static Socket connect(int port) throws IOException, InterruptedException {
    for (int tries = 0; ; tries++) {
      try {
        return new Socket("127.0.0.1", port);
      } catch (ConnectException refused) {
        if (tries == 300) {
          throw refused;
        }
        Thread.sleep(100);
      }
    }
  }

  private static void answer(DataOutputStream out, byte[] octets) throws IOException {
    // In one piece: two would wait for each other.
    out.write(join(new byte[] {(byte) (octets.length >> 8), (byte) octets.length}, octets));
    out.flush();
  }
}
