package bitaqa.interop;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import net.sf.scuba.smartcards.CardServiceException;

/** Says one line of JSON for each check, and counts. */
final class Report {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private int passed;
  private int failed;
  private int skipped;

  /** A check: says in words what it saw, or throws. */
  interface Check {
    String run() throws Exception;
  }

  /** What a check found wanting. */
  static final class Wrong extends Exception {
    Wrong(String message) {
      super(message);
    }
  }

  /** A check that the card gives no reason to run. */
  static final class NotOffered extends Exception {
    NotOffered(String message) {
      super(message);
    }
  }

  /** Runs a check and says how it ended; true where it held. */
  boolean check(String name, Check check) {
    long begun = System.nanoTime();
    String result;
    String why;
    try {
      why = check.run();
      result = "passed";
      passed++;
    } catch (NotOffered absent) {
      why = absent.getMessage();
      result = "skipped";
      skipped++;
    } catch (Exception | LinkageError error) {
      why = words(error);
      result = "failed";
      failed++;
    }
    line(name, result, why, (System.nanoTime() - begun) / 1e6);
    return result.equals("passed");
  }

  void line(String name, String result, String why, double milliseconds) {
    JsonObject line = new JsonObject();
    line.addProperty("check", name);
    line.addProperty("result", result);
    line.addProperty("why", why == null ? "" : why);
    line.addProperty("ms", Math.round(milliseconds * 1000) / 1000.0);
    print(line);
  }

  /** The one place that prints to standard output. */
  static void print(JsonObject line) {
    System.out.println(GSON.toJson(line));
    System.out.flush();
  }

  /** Says the sums; the exit code. */
  int end() {
    JsonObject line = new JsonObject();
    line.addProperty("passed", passed);
    line.addProperty("failed", failed);
    line.addProperty("skipped", skipped);
    print(line);
    return failed > 0 ? Main.FAILED : passed > 0 ? Main.GOOD : Main.UNUSABLE;
  }

  static void require(boolean holds, String otherwise) throws Wrong {
    if (!holds) {
      throw new Wrong(otherwise);
    }
  }

  static void equal(String what, Object wanted, Object found) throws Wrong {
    require(wanted.equals(found), what + " is \"" + found + "\", expected \"" + wanted + "\"");
  }

  /** An error with its causes, which JMRTD hides one in the other. */
  static String words(Throwable error) {
    StringBuilder words = new StringBuilder();
    for (Throwable at = error; at != null && at != at.getCause(); at = at.getCause()) {
      String message = at instanceof Wrong ? at.getMessage() : at.getClass().getSimpleName() + ": " + at.getMessage();
      if (at instanceof CardServiceException card && card.getSW() > 0) {
        message += String.format(" [SW %04X]", card.getSW() & 0xFFFF);
      }
      words.append(words.isEmpty() ? "" : "; by ").append(message);
    }
    return words.toString();
  }
}
