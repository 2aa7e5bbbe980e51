"""Writes two tiny Keras 2 models with random weights, and what they compute, for KerasModelsTest.

    pip install tf_keras==2.21.0 tensorflow-cpu==2.21.0
    python make_keras_models.py ../src/test/resources/dev/loraplus/samples/keras

Each model gives NAME-tf_keras-VERSION.h5 and NAME-tf_keras-VERSION.json with one batch of inputs and outputs.
"""

import json
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tf_keras as keras

VERSION = "2.21.0"
BATCH = 5


def sequential():
    return keras.Sequential(
        [
            keras.layers.Conv2D(4, 3, padding="same", activation="relu", input_shape=(6, 5, 2), name="conv"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(7, activation="tanh", name="dense"),
            keras.layers.Dense(3, activation="softmax", name="head"),
        ],
        name="sequential",
    )


def functional():
    left = keras.Input((4,), name="left")
    right = keras.Input((6,), name="right")
    joined = keras.layers.Concatenate(name="joined")(
        [
            keras.layers.Dense(5, activation="tanh", name="from_left")(left),
            keras.layers.Dense(8, activation="relu", name="from_right")(right),
        ]
    )
    hidden = keras.layers.Dense(9, activation="sigmoid", name="hidden")(joined)
    return keras.Model([left, right], keras.layers.Dense(3, activation="softmax", name="head")(hidden), name="functional")


def write(model, folder):
    generator = np.random.default_rng(17)
    # Biases start at zero in Keras: drawn here, so that an import that forgets them is seen.
    model.set_weights([generator.normal(0, 0.5, w.shape).astype("float32") for w in model.get_weights()])
    # Deeplearning4j M2.1 knows the optimizers by their names of before Keras 2.11.
    model.compile(keras.optimizers.legacy.SGD(0.1), "categorical_crossentropy")
    inputs = [generator.normal(size=(BATCH, *tensor.shape[1:])).astype("float32") for tensor in model.inputs]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    path = os.path.join(folder, f"{model.name}-tf_keras-{VERSION}")
    model.save(path + ".h5")
    with open(path + ".json", "w", encoding="ascii") as file:
        json.dump({"inputs": [array.tolist() for array in inputs], "outputs": outputs.tolist()}, file)
        file.write("\n")


def main(folder):
    if keras.__version__ != VERSION:
        raise SystemExit(f"tf_keras must be {VERSION}, got {keras.__version__}.")
    keras.utils.set_random_seed(17)
    os.makedirs(folder, exist_ok=True)
    write(sequential(), folder)
    write(functional(), folder)


if __name__ == "__main__":
    main(sys.argv[1])
