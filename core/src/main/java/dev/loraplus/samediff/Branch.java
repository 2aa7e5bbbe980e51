package dev.loraplus.samediff;

import dev.loraplus.samediff.WeightUse.Form;
import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Computes what the low-rank change of a weight adds to the output of one operation that reads the weight. */
final class Branch {
    private final SameDiff graph;
    private final GraphEdit edit;
    private final AdaptableWeight adapted;
    private final int index;
    private final SameDiffOp operation;
    private final double scaling;

    Branch(SameDiff graph, GraphEdit edit, AdaptableWeight adapted, int index, SameDiffOp operation, double scaling) {
        this.graph = graph;
        this.edit = edit;
        this.adapted = adapted;
        this.index = index;
        this.operation = operation;
        this.scaling = scaling;
    }

    SameDiffOp operation() {
        return operation;
    }

    String weight() {
        return adapted.name();
    }

    int use() {
        return index;
    }

    /** Returns a name for something of this use. */
    String name(String ending) {
        return adapted.name() + ending + Branches.suffix(index);
    }

    /** Returns the shape in which one value for each output of the weight meets the operation's output. */
    long[] outputs() {
        long nOut = adapted.view().nOut();
        return form() == Form.BRANCH_LEFT ? new long[] {nOut, 1} : new long[] {nOut};
    }

    /**
     * Adds the change of the operation's output.
     *
     * @param own the output without it, whose shape the change takes
     */
    SDVariable change(SDVariable own, SDVariable a, SDVariable b) {
        return form() == Form.BRANCH_LOOKUP ? lookedUp(own, a, b) : multiplied(a, b);
    }

    /**
     * Adds what W's change contributes to a product: with op(&Delta;W) = A&middot;B or its transpose, x&middot;op(&Delta;W)
     * or op(&Delta;W)&middot;x. The narrow product comes first and carries the scaling.
     */
    private SDVariable multiplied(SDVariable a, SDVariable b) {
        WeightUse use = adapted.uses().get(index);
        boolean right = form() == Form.BRANCH_RIGHT;
        SDVariable x = graph.getVariable(operation.getInputsToOp().get(right ? 0 : 1));
        boolean transposeX = use.kind().equals("matmul") && transposesOther(use.input());
        boolean flipped = use.transposed() != adapted.view().outputFirst();
        SDVariable left = flipped ? b : a;
        SDVariable second = flipped ? a : b;
        String first = Branches.firstProduct(adapted.name(), index);
        if (right) {
            SDVariable narrow = edit.mmul(first, x, transposeX, left, flipped);
            return edit.mmul(name(".lora_d"), edit.scaled(name(".lora_s"), narrow, scaling), false, second, flipped);
        }
        SDVariable narrow = edit.mmul(first, second, flipped, x, transposeX);
        return edit.mmul(name(".lora_d"), left, flipped, edit.scaled(name(".lora_s"), narrow, scaling), false);
    }

    /** Adds the rows of &Delta;W that are looked up: those of A, times B; of B's transpose, if W is stored transposed. */
    private SDVariable lookedUp(SDVariable own, SDVariable a, SDVariable b) {
        boolean flipped = adapted.view().outputFirst();
        SDVariable table = flipped ? edit.added(name(".lora_t"), graph.transpose(b)) : a;
        SDVariable indices = graph.getVariable(operation.getInputsToOp().get(1));
        SDVariable found = edit.added(Branches.firstProduct(adapted.name(), index), graph.gather(table, indices, 0));
        SDVariable rows =
                edit.reshaped(name(".lora_r"), found, new long[] {-1, a.getArr().size(1)});
        SDVariable narrow = edit.scaled(name(".lora_s"), rows, scaling);
        SDVariable wide = edit.mmul(name(".lora_d"), narrow, false, flipped ? a : b, flipped);
        SDVariable shape = edit.added(name(".lora_n"), graph.shape(own));
        return edit.added(name(".lora_w"), graph.reshape(wide, shape));
    }

    private boolean transposesOther(int input) {
        return Graphs.flag((DynamicCustomOp) operation.getOp(), 1 - input);
    }

    private Form form() {
        return adapted.uses().get(index).form();
    }
}
