package dev.loraplus.samples.adaptation;

import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine;

/** Runs a sample as a command: a mistake or a failure that has a name is one sentence, not a stack trace. */
public final class AdaptationCommand {
    /** The exit code of wrong usage. */
    private static final int USAGE = 2;

    private AdaptationCommand() {}

    /**
     * Parses the arguments and calls the command.
     *
     * @param command a picocli command
     * @param out where the table and help go
     * @param err where one sentence on a mistake or a failure goes
     * @return 0 if all went well, 1 if files could not be read or written, 2 if the arguments are wrong
     */
    public static int run(Object command, String[] args, PrintWriter out, PrintWriter err) {
        return new CommandLine(command)
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((e, all) -> fail(err, e, USAGE))
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (e instanceof IllegalArgumentException) {
                        return fail(err, e, USAGE);
                    }
                    if (e instanceof IOException) {
                        return fail(err, e, 1);
                    }
                    throw e;
                })
                .execute(args);
    }

    private static int fail(PrintWriter err, Exception e, int code) {
        err.println(String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "));
        err.flush();
        return code;
    }
}
