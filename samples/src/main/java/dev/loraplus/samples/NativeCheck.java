package dev.loraplus.samples;

import dev.loraplus.backend.NativeBuild;
import dev.loraplus.backend.NoNativeBackendException;
import org.nd4j.linalg.factory.Nd4j;

/** Prints which native build of ND4J this machine gets, and one product that it computed. */
public final class NativeCheck {
    private NativeCheck() {}

    public static void main(String[] args) {
        try {
            System.out.println(NativeBuild.describe());
        } catch (NoNativeBackendException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        double[][] left = {{1, 2, 3}, {4, 5, 6}};
        double[][] right = {{1, 0, 2, 1}, {0, 1, 1, 2}, {3, 1, 0, 1}};
        System.out.println(Nd4j.create(left).mmul(Nd4j.create(right)).toStringFull());
    }
}
