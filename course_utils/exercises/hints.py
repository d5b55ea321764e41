"""Three hints for an exercise: where to look, how to go on, which call."""

HINTS = {
    "00.1": (
        "A slice is one picture, and a data set holds many. Which of its parts has one of each?",
        "Like a list, a data set has a length.",
        "`len(...)` counts; put `data` between the brackets.",
    ),
    "00.2": (
        "Count the slices of each plane first.",
        "A column has `.value_counts()`, from the most frequent value down.",
        "`.idxmax()` of these counts names the plane.",
    ),
    "01.1": (
        "Two columns are needed: what a slice shows, and which slices belong together.",
        "Keep the rows of the label first, then count different groups among them.",
        '`table.loc[table["label"] == "glioma", "group"]` holds the groups, once for each slice.',
    ),
    "01.2": (
        "Mean and spread come from the head alone: how much black is around it says nothing.",
        "`image[image >= image.max() / 10]` holds the head's pixels, as one long row.",
        "Subtract the head's mean from the *whole* image, then divide it by the head's `std()`.",
    ),
    "01.3": (
        "Go through the rows in `asked` one by one, and compare each with all rows in `learned`.",
        "`np.square(pixels[learned] - pixels[row]).sum(axis=1)` are its distances to all of them.",
        "`learned[distances.argmin()]` is the nearest row; compare its group with that of `row`.",
    ),
    "01.4": (
        "Deal out the groups. Each slice follows its group.",
        "Shuffle `np.unique(groups)` with a generator made from the seed, and take the first ones.",
        "`np.isin(groups, chosen)` says for each slice whether its group is among those chosen.",
    ),
    "02.1": (
        "Imagine a tumour on the left, and what each change does to it.",
        "The label says left. After which of the three changes would it be a lie?",
        'Two of the three leave each half where it is. Write them as {"...", "..."}.',
    ),
    "02.2": (
        "Two layers are enough, one that turns and one that zooms: leave out the one that flips.",
        "Keras wants an angle as a share of a full turn: 5° are 5 / 360.",
        'Both take `fill_mode="constant"` and a `seed`; give the second one `seed + 1`.',
    ),
    "02.3": (
        "Check one thing after another, and return `False` at the first that does not hold.",
        "`np.isfinite(changed).all()`, `changed.min()` and `changed.max()` settle the range.",
        "The largest value has to grow from each image to the next: `np.diff(...) > 0`.",
    ),
    "02.4": (
        "One step needs the guess, its error, and two slopes. A loop takes the steps.",
        "The slopes are `np.mean(2 * x * error)` and `np.mean(2 * error)`.",
        "Work out both slopes before you change either number, then take `rate` times each away.",
    ),
    "03.1": (
        "How many numbers does a single filter have, if one channel comes in?",
        "It has 3 × 3 for *each* channel that comes in.",
        "And it has one bias: multiply (numbers of one filter + 1) by how many filters there are.",
    ),
    "03.2": (
        "It is `convolve` of section 1 without the border, and with steps of `stride`.",
        "The last window begins at `image.shape[0] - len(kernel)`; `range` takes a step as well.",
        "`(image[r : r + size, c : c + size] * kernel).sum()` for every `r` and `c`, as an array.",
    ),
    "03.3": (
        "For each slice, only one of its probabilities counts: that of the true class.",
        "`probabilities[np.arange(len(labels)), labels]` picks it from each row.",
        "`np.maximum(..., 1e-7)` keeps the logarithm finite; then minus the mean of `np.log(...)`.",
    ),
    "03.4": (
        "It is `step` of section 4; only the last two lines change.",
        "Inside the tape, call the network with `training=True` and take the mean cross-entropy.",
        "`optimiser.apply(tape.gradient(loss, weights), weights)`, then `float(loss)`.",
    ),
    "04.1": (
        "Five things in a row: three colours, 0 to 255, ResNet50's preprocessing, base, head.",
        "`Concatenate()([inputs] * 3)` makes three colours, `Rescaling(255)` the range it expects.",
        "`base(x, training=False)`, then `GlobalAveragePooling2D` and a `Dense` with softmax.",
    ),
    "04.2": (
        "While the base itself is frozen, nothing inside it learns. Unlock it first.",
        "List the layers that are `layers.Conv2D`, and keep the last `last` of them.",
        "Then go through *all* layers: set `layer.trainable` to whether it is in that list.",
    ),
    "04.3": (
        "Write down the milliseconds of a slice over all epochs, once for each way.",
        "Without a cache every epoch runs both parts; with it the trunk runs once.",
        "20 times both, divided by the trunk once and the tail 20 times.",
    ),
    "04.4": (
        "The slices on which both are right, or both wrong, say nothing here.",
        "Under the assumption that both are equally good, each of the others is a toss of a coin.",
        "`binomtest(30, 30 + 14).pvalue`, from `scipy.stats`.",
    ),
    "05.1": (
        "What is drawn is patients. Their slices come along.",
        "`rng.choice(names, len(names))` draws with replacement; find the rows of each name drawn.",
        "Keep the mean of each of 1,000 draws, then `np.quantile(means, [0.025, 0.975])`.",
    ),
    "05.2": (
        "You need the gradient of the class's logit with respect to the feature maps.",
        "Inside the tape: `tape.watch(maps)`, then the head, then the logits of the classes given.",
        "The mean of the gradient over height and width weighs each map; add up, and drop what is "
        "below zero.",
    ),
    "06.1": (
        "Sort the slices into ten bins by their confidence, and look at each bin by itself.",
        "`np.minimum((confidence * 10).astype(int), 9)` numbers the bins from 0 to 9.",
        "In each bin that is not empty: its share of all slices, times the gap of its two means.",
    ),
    "06.2": (
        "Go through the temperatures one by one, and keep the best so far.",
        "For each: the softmax of `logits / temperature`, then the probability of each true class.",
        "`-np.log(true).mean()` is the cross-entropy: keep the temperature where it is lowest.",
    ),
    "06.3": (
        "First make patients of slices, then sort, then cut, then count errors.",
        "`probabilities[groups == name].mean(axis=0)` is one patient's row.",
        "`np.argsort(-means.max(axis=1))[: round(coverage * len(means))]` are those answered.",
    ),
    "06.4": (
        "If the strangest slice of a patient is covered, all of them are.",
        "`scores[groups == name].max()` is a patient's score; sort these.",
        "The k-th smallest is `worst[k - 1]`; where k is too large, take `np.inf`.",
    ),
    "07.1": (
        "Two slices are one picture if their pixels rise and fall together: that is correlation.",
        "Make each slice a row of mean 0 and length 1: `rows @ rows.T` then holds correlations.",
        "`np.argwhere(np.triu(same & other_group, k=1))`: `triu` keeps each pair once.",
    ),
    "07.2": (
        "The border is a frame of 8 pixels. What lies inside must not reach the classifier.",
        "A mask that is `True` on the frame: begin with `np.ones`, and set the inside to `False`.",
        "`images[:, frame]` is one row of numbers a slice, which scikit-learn can learn from.",
    ),
    "07.3": (
        "One slice may be hard. A patient whose slices all disagree with the label is suspect.",
        "`probabilities[groups == name].mean(axis=0)` is the mean answer for one patient.",
        "Keep whoever's `mean.argmax()` is not the label, and sort them by `mean[label]`.",
    ),
    "10.1": (
        "Three steps: one number a channel, two dense layers, a product.",
        "`GlobalAveragePooling2D(keepdims=True)` squeezes; two `Dense` layers excite.",
        '`Dense(x.shape[-1], activation="sigmoid")` is the second; `Multiply()([x, weights])`.',
    ),
    "10.2": (
        "Scores become weights that add up to 1 over *all* places; then comes a weighted sum.",
        "`np.exp(scores - scores.max())` does not overflow; divide by the sum of all of them.",
        "`(maps * weights[..., np.newaxis]).sum(axis=(0, 1))` adds up over the places.",
    ),
    "10.3": (
        "Go from layer to layer, and remember two numbers: the window, and the step.",
        "Both begin at 1. A layer of width k widens the window by k - 1 steps.",
        "First `seen += (width - 1) * step`, and only then `step *= stride`.",
    ),
    "11.1": (
        "Two inputs, a branch for each, and a trunk behind the place where they meet.",
        "`keras.Model([first, second], outputs)` has two inputs; each wants its own `Conv2D`.",
        "`Concatenate()([a, b])`, then `Conv2D`, `GlobalAveragePooling2D`, `Dense` with softmax.",
    ),
    "11.2": (
        "First decide who is there. Only then add up anything.",
        "Keep pairs of an array and its weight, where the array is not `None`.",
        "Add up `weight * array` over the pairs, and divide by the sum of *their* weights.",
    ),
    "11.3": (
        "Two kinds of mistakes count: 0 called 1, and 1 called 0.",
        "`(labels == 0) & (predicted == 1)` is one of them, as an array of True and False.",
        "Add up both, and divide by how many labels are 0 or 1.",
    ),
    "12.1": (
        "place = affine · (i, j, k, 1): what has to stand behind each index?",
        "Put a column of ones behind the indices: `np.hstack([indices, np.ones((n, 1))])`.",
        "Rows times rows is `@ affine.T`; of the four columns that come out, keep three.",
    ),
    "12.2": (
        "How many places has a kernel of `size` along an axis of `side`, if it must not stick out?",
        "`side - size + 1` of them. `np.ndindex(...)` walks over all places of three axes.",
        "`np.tensordot(window, kernels, 4)` multiplies and adds up over four axes at once.",
    ),
    "12.3": (
        "Two steps: which rule do the validation patients prefer? Then use that one, once.",
        "`rule(val_votes).argmax(axis=1) == val_labels` says who is right under a rule.",
        "Keep the mean of that for each name; `max(right, key=right.get)` is the best name.",
    ),
    "12.4": (
        "Only an axis whose number in the diagonal is negative has to be turned.",
        "`np.flip(volume, axis)` turns it. Voxel 0 now lies where the last one lay.",
        "The last one lay `affine[axis, axis] * (volume.shape[axis] - 1)` further: add that to the "
        "last column, then change the sign in the diagonal.",
    ),
    "13.1": (
        "First decide who is there. Only then count slices.",
        "A share is a hospital's slices, divided by the slices of all who are there.",
        "`zip(*there)` gives the arrays of one place together: add up `share * array` over them.",
    ),
    "13.2": (
        "Go class by class: each one has shares of its own.",
        "`rng.dirichlet([alpha] * hospitals)` draws shares, `rng.permutation` shuffles patients.",
        "`np.rint(np.cumsum(shares)[:-1] * len(patients)).astype(int)` is where `np.split` cuts.",
    ),
    "13.3": (
        "Go array by array. At each place there are as many numbers as hospitals.",
        "`np.sort(arrays, axis=0)` puts the numbers of each place in order.",
        "Keep `ordered[cut : len(ordered) - cut]`, and take its mean over `axis=0`.",
    ),
    "13.4": (
        "The pull is the slope of mu / 2 times the squared distance from what was sent.",
        "For one weight it is `mu` times (what it is now, minus what was sent).",
        "Array by array: `now - rate * (gradient + pull)`. The rate belongs to both.",
    ),
    "14.1": (
        "Count uploads, not percentages: how many are slices, how many are something else?",
        "Of each kind some are refused: 1.5% of the slices, 98% of the others.",
        "Divide the slices that are refused by all that is refused.",
    ),
    "14.2": (
        "Two numbers decide all: which value becomes black, and which white.",
        "`values[~padding]` are the numbers that were scanned; `np.percentile` takes both at once.",
        "Subtract the lower one, divide by their distance (or by 1), `np.clip`; then set padding.",
    ),
    "14.3": (
        "Ask in an order in which each question can be answered: is it a PNG at all?",
        "`data.startswith(PNG)` comes first, for without it bytes 16 to 23 mean nothing.",
        "Read width and height, multiply them for the one limit, and take `min` for the other.",
    ),
}
