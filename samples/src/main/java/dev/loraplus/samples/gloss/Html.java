package dev.loraplus.samples.gloss;

import java.util.List;

/** Builds pieces of HTML from text. */
final class Html {
    private Html() {}

    /** Returns the text with the characters escaped that HTML gives a meaning. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** Returns a table; the cells are HTML already. A header that begins with {@code #} heads numbers. */
    static String table(List<String> headers, List<List<String>> rows) {
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        for (String header : headers) {
            html.append(isNumber(header) ? "<th class=\"number\">" : "<th>")
                    .append(escape(isNumber(header) ? header.substring(1) : header))
                    .append("</th>");
        }
        html.append("</tr></thead><tbody>\n");
        for (List<String> row : rows) {
            html.append("<tr>");
            for (int column = 0; column < row.size(); column++) {
                html.append(isNumber(headers.get(column)) ? "<td class=\"number\">" : "<td>")
                        .append(row.get(column))
                        .append("</td>");
            }
            html.append("</tr>\n");
        }
        return html.append("</tbody></table></div>\n").toString();
    }

    private static boolean isNumber(String header) {
        return header.startsWith("#");
    }
}
