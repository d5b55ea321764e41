"""Every figure of the core lessons, and what the extensions' figures are made of."""

from course_utils.plots.charts import answer, bars, counts, layers, outcomes, sizes_and_greys
from course_utils.plots.curves import bands, history, lines, overlaid, reliability, scatters
from course_utils.plots.curves import starts, two_calibrations
from course_utils.plots.diagrams import dealt_out, descent, planes
from course_utils.plots.forests import compared, differences, estimates
from course_utils.plots.matrices import annotated, channels, confusion, convolution, diverging
from course_utils.plots.matrices import pixels, places
from course_utils.plots.networks_drawn import cnn_drawn, residual_drawn, transfer_drawn
from course_utils.plots.pictures import contact_sheet, draw_slice, feature_maps, heat, slices
from course_utils.plots.style import DASHED, INK, OKABE_ITO, OUTLINE, PALE, close_up, colours
from course_utils.plots.style import headlined, look, png, show, spoken, titled, wrapped
