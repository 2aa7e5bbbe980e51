package dev.loraplus.backend;

import org.bytedeco.javacpp.Loader;
import org.nd4j.linalg.factory.Nd4j;

/** The program of {@link NativeBuildProcessTest}: naive user code that knows nothing of the picker, then a report. */
final class NativeBuildProbe {
    private NativeBuildProbe() {}

    public static void main(String[] args) {
        double[][] left = {{1, 2, 3}, {4, 5, 6}};
        double[][] right = {{1, 0, 2, 1}, {0, 1, 1, 2}, {3, 1, 0, 1}};
        System.out.println(
                "product " + Nd4j.create(left).mmul(Nd4j.create(right)).sumNumber());
        System.out.println("library " + Loader.getLoadedLibraries().get("nd4jcpu"));
        System.out.println("line " + NativeBuild.describe());
    }
}
