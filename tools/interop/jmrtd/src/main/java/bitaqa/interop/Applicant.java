package bitaqa.interop;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.sf.scuba.data.Gender;
import org.jmrtd.lds.ImageInfo;
import org.jmrtd.lds.icao.DG11File;
import org.jmrtd.lds.icao.DG12File;
import org.jmrtd.lds.icao.DG1File;
import org.jmrtd.lds.icao.DG2File;
import org.jmrtd.lds.icao.DG3File;
import org.jmrtd.lds.icao.MRZInfo;
import org.jmrtd.lds.iso19794.FaceInfo;
import org.jmrtd.lds.iso19794.FingerInfo;
import org.jmrtd.lds.iso39794.FaceImageDataBlock;
import org.jmrtd.lds.iso39794.FingerImageDataBlock;

/** What JMRTD decodes, compared with the record that the card was made from: field by field, image by octet. */
final class Applicant {
  private final JsonObject record;
  private final Path folder;
  private final String mrz;

  Applicant(Path file, String mrz) throws Exception {
    record = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    folder = file.toAbsolutePath().getParent();
    this.mrz = mrz;
  }

  /** "names.arabic.surname". */
  private String of(String path) {
    JsonObject at = record;
    String[] steps = path.split("\\.");
    for (int i = 0; i + 1 < steps.length; i++) {
      at = at.getAsJsonObject(steps[i]);
    }
    return at.get(steps[steps.length - 1]).getAsString();
  }

  /** "1984-09-18" as "19840918". */
  private String day(String path) {
    return of(path).replace("-", "");
  }

  String dg1(byte[] file) throws Exception {
    MRZInfo info = new DG1File(new ByteArrayInputStream(file)).getMRZInfo();
    Report.equal("document number", of("document_number"), info.getDocumentNumber());
    Report.equal("date of birth", day("birth.date").substring(2), info.getDateOfBirth());
    Report.equal("date of expiry", day("expiry_date").substring(2), info.getDateOfExpiry());
    Gender sex = switch (of("sex")) {
      case "F" -> Gender.FEMALE;
      case "M" -> Gender.MALE;
      default -> Gender.UNSPECIFIED;
    };
    Report.equal("sex", sex, info.getGender());
    Report.equal("optional data", of("cin"), info.getOptionalData1().replace("<", ""));
    Report.equal("nationality", "MAR", info.getNationality());
    Report.equal("MRZ", mrz, info.toString().replaceAll("\\s", ""));
    return info.getDocumentCode() + ", number, dates, sex, nationality, optional data and the three lines";
  }

  String dg2(byte[] file) throws Exception {
    var faces = new DG2File(new ByteArrayInputStream(file)).getSubRecords();
    Report.equal("faces", 1, faces.size());
    // Either generation: 19794-5 until 2030, 39794-5 from 2026 on.
    List<? extends ImageInfo> images;
    if (faces.get(0) instanceof FaceInfo old) {
      images = old.getFaceImageInfos();
    } else if (faces.get(0) instanceof FaceImageDataBlock young) {
      images = young.getRepresentationBlocks();
    } else {
      throw new Report.Wrong("a record of no kind that holds a face: " + faces.get(0).getClass());
    }
    Report.equal("images", 1, images.size());
    var image = images.get(0);
    byte[] portrait = image("portrait", record.getAsJsonObject("portrait"));
    Report.require(Arrays.equals(portrait, octets(image)), "the portrait is not octet for octet the record's");
    return image.getMimeType() + " " + image.getWidth() + " x " + image.getHeight() + ", octets as in the record";
  }

  String dg3(byte[] file) throws Exception {
    List<ImageInfo> images = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    for (var block : new DG3File(new ByteArrayInputStream(file)).getSubRecords()) {
      if (block instanceof FingerInfo old) {
        old.getFingerImageInfos().forEach(image -> {
          images.add(image);
          positions.add(image.getPosition());
        });
      } else if (block instanceof FingerImageDataBlock young) {
        young.getRepresentationBlocks().forEach(image -> {
          images.add(image);
          positions.add(image.getPosition().getCode());
        });
      } else {
        throw new Report.Wrong("a record of no kind that holds a print: " + block.getClass());
      }
    }
    var wanted = record.getAsJsonArray("fingerprints");
    Report.equal("prints", wanted.size(), images.size());
    for (int i = 0; i < images.size(); i++) {
      JsonObject print = wanted.get(i).getAsJsonObject();
      String finger = print.get("finger").getAsString();
      int position = switch (finger) {
        case "right_index" -> 2;
        case "left_index" -> 7;
        default -> throw new Report.Wrong("the record has a finger that this check does not know: " + finger);
      };
      Report.equal("finger", position, positions.get(i));
      Report.require(Arrays.equals(image("print", print), octets(images.get(i))),
          finger + " is not octet for octet the "
          + "record's");
    }
    return images.size() + " prints, octets and fingers as in the record";
  }

  private byte[] image(String what, JsonObject holder) throws Exception {
    Path file = folder.resolve(holder.get("file").getAsString());
    Report.require(Files.exists(file), "the record's " + what + " is not beside it");
    return Files.readAllBytes(file);
  }

  private static byte[] octets(ImageInfo image) throws Exception {
    byte[] octets = new byte[image.getImageLength()];
    new DataInputStream(image.getImageInputStream()).readFully(octets);
    return octets;
  }

  String dg11(byte[] file) throws Exception {
    DG11File info = new DG11File(new ByteArrayInputStream(file));
    Report.equal("name of holder", of("names.arabic.surname") + "<<" + of("names.arabic.given"),
        info.getNameOfHolder());
    Report.equal("personal number", of("cin"), info.getPersonalNumber());
    Report.equal("full date of birth", day("birth.date"), info.getFullDateOfBirth());
    Report.equal("place of birth", list("birth.place"), info.getPlaceOfBirth());
    Report.equal("address", list("address"), info.getPermanentAddress());
    return "name, personal number, date and place of birth, address";
  }

  /** Both scripts, or the Latin one where both take more than the 99 octets that 9303-10 §4.7.11 has for a list. */
  private List<String> list(String path) {
    List<String> both = List.of(of(path + ".arabic"), of(path + ".latin"));
    boolean fits = String.join("<", both).getBytes(StandardCharsets.UTF_8).length <= 99;
    return fits ? both : both.subList(1, 2);
  }

  String dg12(byte[] file) throws Exception {
    DG12File info = new DG12File(new ByteArrayInputStream(file));
    Report.equal("authority", of("authority.arabic"), info.getIssuingAuthority());
    Report.equal("date of issue", day("issue_date"), info.getDateOfIssue());
    return "authority and date of issue";
  }
}
