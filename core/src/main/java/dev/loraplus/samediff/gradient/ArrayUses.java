package dev.loraplus.samediff.gradient;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.nd4j.autodiff.samediff.config.SDValue;
import org.nd4j.autodiff.samediff.internal.AbstractDependencyTracker;
import org.nd4j.autodiff.samediff.internal.IDependencyMap;
import org.nd4j.autodiff.samediff.internal.InferenceSession.Dep;
import org.nd4j.autodiff.samediff.internal.memory.DependencyMap;

/**
 * Tracks which operations still need an array, by identity.
 *
 * <p>ND4J's own tracker keeps the arrays in hash sets, and the hash of an array is computed from all its values: each
 * step would read every frozen weight once more.
 */
final class ArrayUses extends AbstractDependencyTracker<SDValue, Dep> {

    @Override
    protected IDependencyMap<SDValue, ?> newTMap() {
        return new DependencyMap<>();
    }

    @Override
    protected Set<SDValue> newTSet() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    @Override
    protected String toStringT(SDValue value) {
        return "array " + value.getId();
    }

    @Override
    protected String toStringD(Dep dependency) {
        return dependency.toString();
    }
}
