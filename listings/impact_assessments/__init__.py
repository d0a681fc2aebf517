"""Personal information protection impact assessments (个人信息保护影响评估) of products."""
