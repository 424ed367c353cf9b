package bitaqa.interop;

import javacard.framework.APDU;
import javacard.framework.Applet;

/**
 * The applet that is brought, with its commands received for it: it was written for a card that has the data field in
 * the
 * buffer before anybody asks, and jCardSim has not.
 */
public final class Receiving extends Applet {
  private static final int PUT_DATA = 0xDA;

  /** What is brought: jCardSim makes applets itself, without a word from their maker. */
  static Applet brought;

  private final Applet applet = brought;

  private Receiving() {}

  /** Called by jCardSim. */
  public static void install(byte[] parameters, short offset, byte length) {
    new Receiving().register();
  }

  @Override
  public void process(APDU apdu) {
    if (selectingApplet()) {
      return;
    }
    // Other commands fetch their data themselves.
    if ((apdu.getBuffer()[1] & 0xFF) == PUT_DATA) {
      apdu.setIncomingAndReceive();
    }
    applet.process(apdu);
  }
}
