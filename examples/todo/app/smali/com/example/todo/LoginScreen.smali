# Any name will do; the password is "secret".
.class public final Lcom/example/todo/LoginScreen;
.super Lcom/example/todo/Screen;

.method public constructor <init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    .registers 3
    invoke-direct {p0, p1, p2}, Lcom/example/todo/Screen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    return-void
.end method

.method public layout()I
    .registers 2
    sget v0, Lcom/example/todo/R$layout;->login:I
    return v0
.end method

.method public shown()V
    .registers 2
    sget v0, Lcom/example/todo/R$id;->login_button:I
    invoke-virtual {p0, v0}, Lcom/example/todo/LoginScreen;->listen(I)V
    return-void
.end method

.method public onClick(Landroid/view/View;)V
    .registers 5
    sget v0, Lcom/example/todo/R$id;->username:I
    invoke-virtual {p0, v0}, Lcom/example/todo/LoginScreen;->typed(I)Ljava/lang/String;
    move-result-object v0
    invoke-virtual {v0}, Ljava/lang/String;->isEmpty()Z
    move-result v1
    if-nez v1, :wrong

    sget v1, Lcom/example/todo/R$id;->password:I
    invoke-virtual {p0, v1}, Lcom/example/todo/LoginScreen;->typed(I)Ljava/lang/String;
    move-result-object v1
    const-string v2, "secret"
    invoke-virtual {v2, v1}, Ljava/lang/String;->equals(Ljava/lang/Object;)Z
    move-result v1
    if-eqz v1, :wrong

    iget-object v1, p0, Lcom/example/todo/LoginScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v1, v0}, Lcom/example/todo/Store;->setUser(Ljava/lang/String;)V
    invoke-virtual {p0}, Lcom/example/todo/LoginScreen;->showList()V
    return-void

    :wrong
    sget v0, Lcom/example/todo/R$id;->password:I
    const-string v1, ""
    invoke-virtual {p0, v0, v1}, Lcom/example/todo/LoginScreen;->setText(ILjava/lang/CharSequence;)V
    sget v0, Lcom/example/todo/R$id;->error:I
    const/4 v1, 0x1
    invoke-virtual {p0, v0, v1}, Lcom/example/todo/LoginScreen;->setVisible(IZ)V
    return-void
.end method
