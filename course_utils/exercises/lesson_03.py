"""What counts as right in the exercises of lesson 03."""

import numpy as np

from course_utils.core.backend import keras, tf
from course_utils.exercises.common import Wrong, array, number_check, trying


def strided_convolution(answer: object, data: object) -> None:
    """03.2: a function of image, kernel and stride, without a border."""
    rng = np.random.default_rng(1)
    image, kernel = rng.normal(size=(9, 8)), rng.normal(size=(3, 3))
    with trying(answer, "image, kernel and stride") as conv2d:
        for stride, shape in ((1, (7, 6)), (2, (4, 3)), (3, (3, 2))):
            found = np.asarray(conv2d(image, kernel, stride))
            if found.shape == image.shape:
                raise Wrong("It has a border: a 9 x 8 image has to give 7 x 6 numbers at stride 1.")
            if stride > 1 and found.shape == (7, 6):
                raise Wrong(f"It ignores the stride: {stride} was asked for, and it moves by 1.")
            found = array(found, f"{shape[0]} x {shape[1]} numbers at stride {stride}", shape)
            expected = _convolved(image, kernel, stride)
            if np.allclose(found, expected, atol=1e-4):
                continue
            flipped = _convolved(image, kernel[::-1, ::-1], stride)
            if np.allclose(found, flipped, atol=1e-4):
                raise Wrong("The kernel is flipped: networks use it as it is, first row on top.")
            if np.allclose(found, _convolved(image, kernel.T, stride), atol=1e-4):
                raise Wrong("The kernel is transposed: rows and columns are swapped.")
            if np.allclose(found, expected / kernel.size, atol=1e-4):
                raise Wrong("It takes the mean of the nine products: add them up.")
            raise Wrong(f"At stride {stride} its numbers are not the sums of the nine products.")
        large = rng.normal(size=(5, 5))
        found = array(conv2d(image, large, 1), "5 x 4 numbers for a 5 x 5 kernel", (5, 4))
    if not np.allclose(found, _convolved(image, large, 1), atol=1e-4):
        raise Wrong("It is right for kernels of 3 x 3 only: take the size from the kernel.")


def batch_loss(answer: object, data: object) -> None:
    """03.3: cross-entropy of labels and probabilities."""
    labels = np.array([0, 2, 1])
    given = np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9], [0.9, 0.05, 0.05]])
    true = given[np.arange(3), labels]
    loss = -np.log(true).mean()
    with trying(answer, "labels and probabilities") as cross_entropy:
        found = float(array(cross_entropy(labels, given), "one number", ()))
        mistakes = {
            3 * loss: "That is the sum. The loss is the mean over the slices.",
            -loss: "Change the sign: a loss is positive.",
            loss / np.log(10): "That is to the base 10. Use the natural logarithm.",
            loss / np.log(2): "That is to the base 2. Use the natural logarithm.",
            -np.log(true.mean()): "Take the logarithms first, then their mean.",
            -np.log(given).mean(): "It looks at all classes: only that of the true class counts.",
            -np.log(given.max(axis=1)).mean(): "It takes the largest probability of each slice: "
            "take that of its true class.",
        }
        for wrong, words in mistakes.items():
            if abs(found - wrong) < 1e-4:
                raise Wrong(words)
        if abs(found - loss) > 1e-4:
            raise Wrong(
                f"It gives {found:.3f}, and minus the mean of the logarithms is {loss:.3f}."
            )
        with np.errstate(divide="ignore"):
            zero = float(array(cross_entropy([0], np.array([[0.0, 1]])), "a finite loss", ()))
    if not 15 < zero < 17:
        raise Wrong(f"A probability of 0 gives {zero:.1f}: raised to 1e-7 it costs 16.1.")


def training_step(answer: object, data: object) -> None:
    """03.4: one step of an optimiser on a batch."""
    images = tf.random.stateless_normal((16, 8, 8, 1), (1, 2)) + 3
    labels = tf.constant([0, 1] * 8)
    network = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(2, "softmax", kernel_initializer="zeros"),
        ]
    )
    before = {variable.path: variable.numpy() for variable in network.variables}
    if not callable(answer):
        raise Wrong(
            "This wants a function of network, optimiser, images and labels: give its name."
        )
    # No copies here: the step has to change this very network.
    with trying(lambda: answer(network, keras.optimizers.SGD(0.05), images, labels), "") as step:
        loss = array(step(), "the loss back, one number", ())
        same = [v.path for v in network.variables if np.allclose(before[v.path], v.numpy())]
        if any(path.endswith("kernel") for path in same):
            raise Wrong("The weights are as they were: apply the gradients to them.")
        if any(path.endswith("moving_mean") for path in same):
            raise Wrong("Batch norm took no notice: call the network with training=True.")
        if abs(loss - np.log(2)) > 1e-3:
            raise Wrong(
                f"It returns {loss:.3f}, and the loss before the step is ln 2 = {np.log(2):.3f}: "
                "return the mean cross-entropy of the batch, from before the step."
            )
        first = float(loss)
        for _ in range(30):
            last = float(step())
    if last > first:
        raise Wrong(f"After 30 steps the loss rose from {first:.2f} to {last:.2f}: step downhill.")


def _convolved(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::stride, ::stride]
    return np.einsum("abij,ij->ab", windows, kernel)


CHECKS = {
    "03.1": number_check(  # weights of a convolution from 32 to 64 channels, 3 x 3, with bias
        64 * (3 * 3 * 32 + 1),
        {
            64 * 3 * 3 * 32: "Nearly: each of the 64 filters has a bias, too.",
            64 * 3 * 3: "That would be for one channel coming in. Here 32 come in.",
            64 * (3 * 3 + 1): "That would be for one channel coming in. Here 32 come in.",
            32 * (3 * 3 * 64 + 1): "Channels in and filters are swapped.",
        },
        hint="A filter has 3 x 3 weights for every channel that comes in, and one bias.",
    ),
    "03.2": strided_convolution,
    "03.3": batch_loss,
    "03.4": training_step,
}
