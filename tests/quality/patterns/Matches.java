import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;

/** Answers each line "PATTERN VALUE", both in Base64, with whether the whole value matches: 1 or 0. */
class Matches {
    public static void main(String[] given) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            var parts = line.split(" ", -1);
            System.out.println(Pattern.compile(text(parts[0])).matcher(text(parts[1])).matches() ? 1 : 0);
        }
    }

    private static String text(String encoded) {
        return new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    }
}
