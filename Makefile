# make.py does the work, so that Windows has the same commands: python make.py lab
PYTHON ?= $(or $(shell command -v python3),$(shell command -v python),python3)

.PHONY: setup lab test run clean

setup lab test clean:
	@$(PYTHON) make.py $@

# make run DATASET=kaggle LESSONS="00 01"
run:
	@$(PYTHON) make.py run $(if $(DATASET),--dataset $(DATASET)) $(LESSONS)
