# make.py does the work, so that Windows has the same commands: python make.py lab
PYTHON ?= $(or $(shell command -v python3 || command -v python),$(error There is no Python on this \
	computer: install Python 3.11, 3.12 or 3.13 from python.org/downloads, then try again))

.PHONY: setup lab extras test run clean

setup lab extras test clean:
	@$(PYTHON) make.py $@

# make run DATASET=kaggle LESSONS="00 01"
run:
	@$(PYTHON) make.py run $(if $(DATASET),--dataset $(DATASET)) $(LESSONS)
